"""Training windows cut from frames: place, zoom, mirror, colour; and which cells not to punish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.detection.classes import VEHICLES
from drive_stack.evaluation.detection.truth import FrameTruth
from drive_stack.learning.detector.config import WindowSettings
from drive_stack.types import Image, ObjectClass


@dataclass(frozen=True, slots=True)
class Window:
    """One training picture with what is taught in it."""

    image: Image  # (h, w, 3)
    boxes: NDArray[np.float32]  # (N, 4) taught [px]
    labels: NDArray[np.int8]  # (N,)
    ignored: NDArray[np.float32]  # (K, 4) neither taught nor punished [px]


def cut(
    image: Image,
    truth: FrameTruth,
    size: tuple[int, int],
    settings: WindowSettings,
    rng: np.random.Generator,
) -> Window:
    """A window of ``size`` (height, width) at a random place and scale, mirrored half the time.

    Four in five windows show an object; people, being few, are chosen three times as often.
    """
    whole = size == image.shape[:2]
    low, high = (1.0, 1.15) if whole else settings.zoom
    zoom = 1.0 if rng.random() < settings.native_share else float(rng.uniform(low, high))
    zoom = max(zoom, size[0] / image.shape[0], size[1] / image.shape[1])
    height, width = size[0] / zoom, size[1] / zoom
    left, top = _place(image.shape[1] - width, image.shape[0] - height, (width, height), truth, rng)
    if zoom == 1.0:
        left, top = float(round(left)), float(round(top))
        picture = image[int(top) : int(top) + size[0], int(left) : int(left) + size[1]]
    else:
        # pixel centres lie at halves: u' = zoom · (u + ½ − left) − ½
        shift = 0.5 * zoom - 0.5
        matrix = np.array([[zoom, 0.0, shift - zoom * left], [0.0, zoom, shift - zoom * top]])
        picture = cv2.warpAffine(image, matrix, size[::-1], borderMode=cv2.BORDER_REPLICATE)
    boxes = (truth.boxes - np.array([left, top, left, top], dtype=np.float32)) * np.float32(zoom)
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
        boxes = np.stack([size[1] - boxes[:, 2], boxes[:, 1], size[1] - boxes[:, 0], boxes[:, 3]], axis=1)
    taught, ignored, clipped = select(boxes, truth, size, settings)
    picture = recolour(np.ascontiguousarray(picture), rng)
    if rng.random() < settings.veil_share:
        picture = veiled(picture, settings.veil, rng)
    return Window(
        image=picture,
        boxes=clipped[taught],
        labels=truth.labels[taught],
        ignored=clipped[ignored],
    )


def _place(
    room_x: float, room_y: float, extent: tuple[float, float], truth: FrameTruth, rng: np.random.Generator
) -> tuple[float, float]:
    """Left and top of a window that may slide by ``room``."""
    room = np.maximum([room_x, room_y], 0.0)
    if len(truth.labels) == 0 or rng.random() < 0.2:
        corner = rng.uniform(0.0, room)
    else:
        weight = np.where(truth.labels == ObjectClass.PEDESTRIAN, 3.0, 1.0)
        box = truth.boxes[rng.choice(len(weight), p=weight / weight.sum())]
        centre = (box[:2] + box[2:]) / 2.0
        corner = np.clip(centre - rng.uniform(0.1, 0.9, 2) * np.array(extent), 0.0, room)
    return float(corner[0]), float(corner[1])


def select(
    boxes: NDArray[np.float32],
    truth: FrameTruth,
    size: tuple[int, int],
    settings: WindowSettings,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float32]]:
    """Which of ``boxes`` (N, 4), those of ``truth`` in the window, are taught, which ignored, and all of
    them clipped to the window.

    What the window cuts off counts as hidden. Too low or too hidden objects are ignored.
    """
    limit = np.array([size[1], size[0], size[1], size[0]], dtype=np.float32)
    clipped = np.clip(boxes, 0.0, limit)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    kept = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
    inside = kept > 1.0
    shown = truth.visible * kept / np.maximum(area, 1e-6)
    least = np.where(
        np.isin(truth.labels, [int(label) for label in VEHICLES]),
        settings.least_vehicle_height,
        settings.least_height,
    )
    tall = clipped[:, 3] - clipped[:, 1] >= least
    taught = inside & tall & (shown >= settings.least_visible)
    return taught, inside & ~taught, clipped


def recolour(image: Image, rng: np.random.Generator) -> Image:
    """Vary exposure, contrast and white balance; now and then swap two colours, for unseen paints."""
    gains = rng.uniform(0.75, 1.3) * rng.uniform(0.93, 1.07, 3)
    gamma = rng.uniform(0.8, 1.25)
    levels = (np.arange(256)[:, None] / 255.0) ** gamma * gains
    table = np.clip(np.rint(levels * 255.0), 0, 255).astype(np.uint8)
    if rng.random() < 0.1:
        image = np.ascontiguousarray(image[:, :, rng.permutation(3)])
    return np.asarray(cv2.LUT(image, table.reshape(1, 256, 3)), dtype=np.uint8)


def veiled(image: Image, least: float, rng: np.random.Generator) -> Image:
    """The picture as through haze of one density: contrast falls towards a grey of the picture's own
    brightness, down to ``least``, and the camera's noise stays."""
    kept = np.float32(rng.uniform(least, 1.0))
    grey = image.mean(axis=(0, 1)) * rng.uniform(0.8, 1.25) * rng.uniform(0.95, 1.05, 3)
    noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.uniform(0.5, 3.0))
    levels = kept * image + (1.0 - kept) * grey.astype(np.float32) + noise
    return np.asarray(np.clip(np.rint(levels), 0, 255), dtype=np.uint8)


def unpunished(windows: Sequence[Window], size: tuple[int, int], cells: Sequence[float]) -> NDArray[np.bool_]:
    """Cells that lie in an ignored box and in no taught one: ``(B, A)``, in the network's order.

    ``cells`` are the sides of a cell at each level [px of the window].
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
