"""Batches of randomly augmented views and labels for training the lane network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.datasets.frames.store import StoredFrame
from drive_stack.learning.lanes.config import LaneTraining
from drive_stack.perception.lanes_ground import BirdsEyeView, GroundGrid
from drive_stack.perception.lanes_network import END_RANGE

NEAR = 50.0  # up to this distance, crossable lines have twice the weight in the loss [m]
Labels = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class LaneBatch:
    """Views and the targets of the network's outputs."""

    views: torch.Tensor  # (B, H, W, 3) uint8
    heat: torch.Tensor  # (B, 4, R, bins) probabilities, of two bins each
    weight: torch.Tensor  # (B, 4, R) of each boundary at each anchor, 0 if absent
    present: torch.Tensor  # (B, 4, R) 0 or 1
    neighbour: torch.Tensor  # (B, 2) 0 or 1
    crossable: torch.Tensor  # (B, 2, R) 0 or 1
    crossable_weight: torch.Tensor  # (B, 2, R) 0 if there is no lane on that side
    ends: torch.Tensor  # (B, 3, R + 2) probabilities of: each anchor, beyond all anchors, no end
    ends_weight: torch.Tensor  # (B, 3) 0 if there is no such lane
    shows_lanes: torch.Tensor  # (B,) 0 for degraded views

    def to(self, device: torch.device) -> LaneBatch:
        """A copy on ``device``."""
        return LaneBatch(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


def cut_views(frames: Sequence[StoredFrame], grid: GroundGrid) -> NDArray[np.uint8]:
    """Bird's-eye view of each frame, shape (N, H, W, 3)."""
    view = BirdsEyeView(CameraModel(), grid)
    return np.stack([view.warp(frame.image()) for frame in frames])


def repeated_rows(labels: Sequence[Labels], config: LaneTraining) -> NDArray[np.intp]:
    """Indices of the views of one epoch, with repetitions.

    A view whose ego lane ends ahead occurs ``config.lane_end_repeats`` times, another with a line next to it
    that must not be crossed ``config.barrier_repeats`` times.
    """
    times = np.ones(len(labels), dtype=np.intp)
    for row, label in enumerate(labels):
        if float(label["ends"][1]) < END_RANGE:
            times[row] = config.lane_end_repeats
        elif bool((label["neighbour"].astype(np.bool_) & ~label["enterable"].astype(np.bool_)).any()):
            times[row] = config.barrier_repeats
    return np.repeat(np.arange(len(labels)), times)


def epoch_batches(
    views: NDArray[np.uint8],
    labels: Sequence[Labels],
    rows: NDArray[np.intp],
    config: LaneTraining,
    epoch: int,
    grid: GroundGrid,
) -> Iterator[LaneBatch]:
    """One pass over ``rows`` in random order in whole batches; the same for the same seed and epoch."""
    rng = np.random.default_rng([config.seed, epoch])
    order = rng.permutation(rows)
    for start in range(0, len(order) - config.batch + 1, config.batch):
        selected = order[start : start + config.batch]
        yield collate([augment(views[i], labels[i], rng, config, grid) for i in selected], config, grid)


def augment(
    view: NDArray[np.uint8],
    labels: Labels,
    rng: np.random.Generator,
    config: LaneTraining,
    grid: GroundGrid,
) -> tuple[NDArray[np.uint8], Labels]:
    """Randomly mirror, shift laterally, relight and partly blank a view, and adapt its labels.

    A fraction of the views is degraded until no lane is visible, and labelled accordingly.
    """
    if rng.random() < config.degraded_fraction:
        return degrade(view, rng), labels | {
            name: np.zeros_like(labels[name]) for name in ("inside", "clear")
        }
    if rng.random() < 0.5:
        view, labels = mirror(view, labels)
    max_offset = 0.5 * float(labels["width"]) - 0.1
    max_bins = round(config.max_shift / grid.bin_width)
    bins = int(rng.integers(-max_bins, max_bins + 1))
    if abs(float(labels["offset"]) + bins * grid.bin_width) < max_offset:
        view, labels = move(view, labels, bins, grid)
    gain, brightness = float(rng.uniform(0.7, 1.3)), float(rng.uniform(-20.0, 20.0))
    view = cv2.convertScaleAbs(np.maximum(view * gain + brightness, 0.0))
    if rng.random() < config.erased_fraction:
        height, width = view.shape[:2]
        top, left = int(rng.integers(0, height - 8)), int(rng.integers(0, width - 16))
        patch_height, patch_width = int(rng.integers(4, 20)), int(rng.integers(8, 60))
        view[top : top + patch_height, left : left + patch_width] = rng.integers(0, 255, 3)
    return np.asarray(view, dtype=np.uint8), labels


def degrade(view: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a view without a visible lane: uniform, noise, or strongly blurred."""
    kind = int(rng.integers(3))
    if kind == 0:
        return np.full_like(view, rng.integers(0, 256) * (rng.random() < 0.5))
    if kind == 1:
        noise = rng.normal(rng.uniform(0.0, 200.0), rng.uniform(1.0, 60.0), view.shape)
        return np.asarray(np.clip(noise, 0.0, 255.0), dtype=np.uint8)
    blurred = cv2.GaussianBlur(view, (0, 0), float(rng.uniform(12.0, 24.0)))
    return np.asarray(blurred, dtype=np.uint8)


def mirror(view: NDArray[np.uint8], labels: Labels) -> tuple[NDArray[np.uint8], Labels]:
    """Exchange left and right."""
    mirrored = dict(labels)
    for name in ("y", "inside", "clear", "neighbour", "enterable", "crossable", "ends"):
        mirrored[name] = np.flip(labels[name], axis=0)
    for name in ("offset", "heading", "curvature"):
        mirrored[name] = np.negative(labels[name])
    mirrored["y"] = np.negative(mirrored["y"])
    return np.ascontiguousarray(view[:, ::-1]), mirrored


def move(
    view: NDArray[np.uint8], labels: Labels, bins: int, grid: GroundGrid
) -> tuple[NDArray[np.uint8], Labels]:
    """Shift the view as if the car were ``bins`` bins farther left; columns without image are black."""
    if bins == 0:
        return view, labels
    pixels = bins * grid.pixels_per_cell
    shifted = np.zeros_like(view)
    if pixels > 0:  # the road shifts to the right, towards higher columns
        shifted[:, pixels:] = view[:, :-pixels]
    else:
        shifted[:, :pixels] = view[:, -pixels:]
    changed = dict(labels)
    changed["y"] = labels["y"].astype(np.float64) - bins * grid.bin_width
    changed["offset"] = labels["offset"].astype(np.float64) + bins * grid.bin_width
    return shifted, changed


def collate(
    samples: Sequence[tuple[NDArray[np.uint8], Labels]], config: LaneTraining, grid: GroundGrid
) -> LaneBatch:
    """Stack samples and encode their labels as targets of the network's outputs."""

    def stack(name: str) -> torch.Tensor:
        return torch.from_numpy(np.stack([labels[name] for _, labels in samples]).astype(np.float32))

    y = stack("y")
    bins = (grid.half_width - y) / grid.bin_width - 0.5
    present = (stack("inside") > 0.5) & torch.isfinite(y) & (bins >= 0.0) & (bins <= grid.bins - 1.0)
    bins = torch.where(present, bins, torch.zeros_like(bins))
    lower = bins.floor().clamp(0, grid.bins - 2)
    upper_weight = (bins - lower)[..., None]
    heat = torch.zeros((*y.shape, grid.bins))
    index = lower.long()[..., None]
    heat.scatter_(3, index, 1.0 - upper_weight)
    heat.scatter_(3, index + 1, upper_weight)
    clear = stack("clear") > 0.5
    weight = torch.where(clear, 1.0, config.hidden_weight) * present
    shows_lanes, neighbour, crossable = (
        stack("inside").amax(dim=(1, 2)),
        stack("neighbour"),
        stack("crossable"),
    )
    ends = stack("ends")
    before_end = torch.from_numpy(grid.anchors).float() < ends[:, 1, None]
    near_weight = 1.0 + (torch.from_numpy(grid.anchors) < NEAR).float()
    exists = torch.stack([neighbour[:, 0], torch.ones(len(samples)), neighbour[:, 1]], dim=1)
    return LaneBatch(
        views=torch.from_numpy(np.stack([view for view, _ in samples])),
        heat=heat,
        weight=weight,
        present=present.float(),
        neighbour=neighbour,
        crossable=crossable,
        crossable_weight=(neighbour * shows_lanes[:, None])[:, :, None] * (before_end * near_weight)[:, None],
        ends=end_distribution(ends, grid),
        ends_weight=exists * shows_lanes[:, None],
        shows_lanes=shows_lanes,
    )


def end_distribution(ends: torch.Tensor, grid: GroundGrid) -> torch.Tensor:
    """Encode the distances (B, K) [m] of lane ends as probabilities (B, K, R + 2).

    The classes are the R anchors, an end beyond them, and no end. An end between two anchors is divided
    between them by linear interpolation.
    """
    position = np.interp(ends.numpy(), grid.anchors, np.arange(grid.rows))
    lower = np.minimum(position.astype(np.int64), grid.rows - 2)
    probabilities = torch.zeros((*ends.shape, grid.rows + 2))
    upper_weight = torch.from_numpy(position - lower).float()[..., None]
    index = torch.from_numpy(lower)[..., None]
    probabilities.scatter_(2, index, 1.0 - upper_weight).scatter_(2, index + 1, upper_weight)
    beyond, none = ends > grid.max_distance, ends > END_RANGE
    probabilities[beyond] = 0.0
    probabilities[..., -2] = (beyond & ~none).float()
    probabilities[..., -1] = none.float()
    return probabilities
