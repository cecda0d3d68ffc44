"""Training windows cut from frames: position, zoom, mirroring and colour; and the cells the loss ignores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.detection.classes import VEHICLES
from drive_stack.evaluation.detection.truth import FrameTruth
from drive_stack.learning.detector.config import WindowSettings
from drive_stack.objects.classes import TAUGHT_CLASSES
from drive_stack.types import Image, ObjectClass


@dataclass(frozen=True, slots=True)
class Window:
    """One training image with its targets."""

    image: Image  # (h, w, 3)
    boxes: NDArray[np.float32]  # (N, 4) targets [px]
    labels: NDArray[np.int8]  # (N,)
    ignored: NDArray[np.float32]  # (K, 4) neither targets nor background [px]


def cut_window(
    image: Image,
    truth: FrameTruth,
    size: tuple[int, int],
    settings: WindowSettings,
    rng: np.random.Generator,
) -> Window:
    """Cut a window of ``size`` (height, width) at a random position and scale; half of them are mirrored.

    Four of five windows are placed at an object. Pedestrians are rare and chosen with three times the weight.
    """
    is_full_frame = size == image.shape[:2]
    low, high = (1.0, 1.15) if is_full_frame else settings.zoom
    zoom = 1.0 if rng.random() < settings.native_scale_fraction else float(rng.uniform(low, high))
    zoom = max(zoom, size[0] / image.shape[0], size[1] / image.shape[1])
    height, width = size[0] / zoom, size[1] / zoom
    left, top = _draw_corner(image.shape[1] - width, image.shape[0] - height, (width, height), truth, rng)
    if zoom == 1.0:
        left, top = float(round(left)), float(round(top))
        window_image = image[int(top) : int(top) + size[0], int(left) : int(left) + size[1]]
    else:
        # pixel centres lie at halves: u' = zoom · (u + ½ − left) − ½
        shift = 0.5 * zoom - 0.5
        matrix = np.array([[zoom, 0.0, shift - zoom * left], [0.0, zoom, shift - zoom * top]])
        window_image = cv2.warpAffine(image, matrix, size[::-1], borderMode=cv2.BORDER_REPLICATE)
    boxes = (truth.boxes - np.array([left, top, left, top], dtype=np.float32)) * np.float32(zoom)
    if rng.random() < 0.5:
        window_image = window_image[:, ::-1]
        boxes = np.stack([size[1] - boxes[:, 2], boxes[:, 1], size[1] - boxes[:, 0], boxes[:, 3]], axis=1)
    is_target, is_ignored, clipped = select_targets(boxes, truth, size, settings)
    window_image = recolour(np.ascontiguousarray(window_image), rng)
    if rng.random() < settings.haze_fraction:
        window_image = add_haze(window_image, settings.haze_min_contrast, rng)
    return Window(
        image=window_image,
        boxes=clipped[is_target],
        labels=truth.labels[is_target],
        ignored=clipped[is_ignored],
    )


def _draw_corner(
    margin_x: float, margin_y: float, extent: tuple[float, float], truth: FrameTruth, rng: np.random.Generator
) -> tuple[float, float]:
    """Left and top [px] of a window of ``extent`` (width, height) that may slide by the margins."""
    margin = np.maximum([margin_x, margin_y], 0.0)
    if len(truth.labels) == 0 or rng.random() < 0.2:
        corner = rng.uniform(0.0, margin)
    else:
        weight = np.where(truth.labels == ObjectClass.PEDESTRIAN, 3.0, 1.0)
        box = truth.boxes[rng.choice(len(weight), p=weight / weight.sum())]
        centre = (box[:2] + box[2:]) / 2.0
        corner = np.clip(centre - rng.uniform(0.1, 0.9, 2) * np.array(extent), 0.0, margin)
    return float(corner[0]), float(corner[1])


def select_targets(
    boxes: NDArray[np.float32],
    truth: FrameTruth,
    size: tuple[int, int],
    settings: WindowSettings,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float32]]:
    """Split the objects of ``truth`` into targets and ignored; ``boxes`` (N, 4) are theirs in the window.

    An object that is too low, too hidden or of a held-out class is ignored; the part outside the window
    counts as hidden.

    Returns: masks of the targets and of the ignored objects, each (N,), and the boxes clipped to the window.
    """
    limit = np.array([size[1], size[0], size[1], size[0]], dtype=np.float32)
    clipped = np.clip(boxes, 0.0, limit)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    area_inside = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
    inside = area_inside > 1.0
    visible = truth.visible * area_inside / np.maximum(area, 1e-6)
    min_height = np.select(
        [np.isin(truth.labels, [int(label) for label in VEHICLES]), truth.labels == ObjectClass.OBSTACLE],
        [settings.min_vehicle_height, settings.min_obstacle_height],
        settings.min_height,
    )
    is_tall = clipped[:, 3] - clipped[:, 1] >= min_height
    is_taught = np.isin(truth.labels, [int(label) for label in TAUGHT_CLASSES])
    is_target = inside & is_tall & (visible >= settings.min_visible) & is_taught
    return is_target, inside & ~is_target, clipped


def recolour(image: Image, rng: np.random.Generator) -> Image:
    """Vary exposure, contrast and white balance; permute the channels of one in ten, for unseen paints."""
    gains = rng.uniform(0.75, 1.3) * rng.uniform(0.93, 1.07, 3)
    gamma = rng.uniform(0.8, 1.25)
    levels = (np.arange(256)[:, None] / 255.0) ** gamma * gains
    table = np.clip(np.rint(levels * 255.0), 0, 255).astype(np.uint8)
    if rng.random() < 0.1:
        image = np.ascontiguousarray(image[:, :, rng.permutation(3)])
    return np.asarray(cv2.LUT(image, table.reshape(1, 256, 3)), dtype=np.uint8)


def add_haze(image: Image, min_contrast: float, rng: np.random.Generator) -> Image:
    """Blend the image with haze of a uniform density.

    The contrast falls to a random fraction of at least ``min_contrast``, towards a grey of the image's own
    brightness. Camera noise is added afterwards, so it keeps its strength.
    """
    contrast = np.float32(rng.uniform(min_contrast, 1.0))
    grey = image.mean(axis=(0, 1)) * rng.uniform(0.8, 1.25) * rng.uniform(0.95, 1.05, 3)
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.uniform(0.5, 3.0))
    levels = contrast * image + (1.0 - contrast) * grey.astype(np.float32) + noise
    return np.asarray(np.clip(np.rint(levels), 0, 255), dtype=np.uint8)


def ignored_cells(
    windows: Sequence[Window], size: tuple[int, int], cells: Sequence[float]
) -> NDArray[np.bool_]:
    """Mask ``(B, A)`` of the cells in an ignored box and in no target's box, in the network's order.

    ``size`` is (height, width) of the windows, ``cells`` the cell size of each level [px of the window].
    """
    levels = []
    for side in cells:
        mask = np.zeros((len(windows), round(size[0] / side), round(size[1] / side)), dtype=bool)
        for plane, window in zip(mask, windows, strict=True):
            for boxes, value in ((window.ignored, True), (window.boxes, False)):
                for x1, y1, x2, y2 in boxes / side:
                    plane[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))] = value
        levels.append(mask.reshape(len(windows), -1))
    return np.concatenate(levels, axis=1)
