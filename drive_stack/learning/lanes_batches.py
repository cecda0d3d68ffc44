"""Views and labels for training the lane network, varied at random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.learning.frame_store import StoredFrame
from drive_stack.learning.lanes_config import LaneTraining
from drive_stack.perception.lanes_ground import GroundGrid, GroundView
from drive_stack.perception.lanes_network import END_RANGE

Labels = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class LaneBatch:
    """Views and what the network should say of them."""

    views: torch.Tensor  # (B, H, W, 3) uint8
    heat: torch.Tensor  # (B, 4, R, bins) shares of two bins each
    weight: torch.Tensor  # (B, 4, R) of each boundary at each anchor, 0 where none
    seen: torch.Tensor  # (B, 4, R) 0 or 1
    facts: torch.Tensor  # (B, 10)
    facts_weight: torch.Tensor  # (B, 10)


def cut_views(frames: Sequence[StoredFrame], grid: GroundGrid) -> NDArray[np.uint8]:
    """The view from above of each frame, ``(N, H, W, 3)``."""
    view = GroundView(CameraModel(), grid)
    return np.stack([view.cut(frame.image()) for frame in frames])


def steps_per_epoch(count: int, config: LaneTraining) -> int:
    """Whole batches in one pass."""
    return count // config.batch


def epoch_batches(
    views: NDArray[np.uint8], labels: Sequence[Labels], config: LaneTraining, epoch: int, grid: GroundGrid
) -> Iterator[LaneBatch]:
    """One pass in random order; the same for the same seed and epoch."""
    rng = np.random.default_rng([config.seed, epoch])
    order = rng.permutation(len(views))
    for start in range(0, steps_per_epoch(len(views), config) * config.batch, config.batch):
        rows = order[start : start + config.batch]
        yield collate([vary(views[i], labels[i], rng, config, grid) for i in rows], config, grid)


def vary(
    view: NDArray[np.uint8],
    labels: Labels,
    rng: np.random.Generator,
    config: LaneTraining,
    grid: GroundGrid,
) -> tuple[NDArray[np.uint8], Labels]:
    """A view mirrored, moved sideways, relit and blanked in places at random, and its labels."""
    if rng.random() < 0.5:
        view, labels = mirror(view, labels)
    room = 0.5 * float(labels["width"]) - 0.1
    most = round(config.largest_shift / grid.bin_width)
    bins = int(rng.integers(-most, most + 1))
    if abs(float(labels["offset"]) + bins * grid.bin_width) < room:
        view, labels = move(view, labels, bins, grid)
    light = float(rng.uniform(0.7, 1.3)), float(rng.uniform(-20.0, 20.0))
    view = cv2.convertScaleAbs(np.maximum(view * light[0] + light[1], 0.0))
    if rng.random() < config.erased_share:
        height, width = view.shape[:2]
        top, left = int(rng.integers(0, height - 8)), int(rng.integers(0, width - 16))
        tall, wide = int(rng.integers(4, 20)), int(rng.integers(8, 60))
        view[top : top + tall, left : left + wide] = rng.integers(0, 255, 3)
    return np.asarray(view, dtype=np.uint8), labels


def mirror(view: NDArray[np.uint8], labels: Labels) -> tuple[NDArray[np.uint8], Labels]:
    """Left and right exchanged."""
    turned = dict(labels)
    for name in ("y", "inside", "clear", "neighbour", "enterable", "ends"):
        turned[name] = np.flip(labels[name], axis=0)
    for name in ("offset", "heading", "curvature"):
        turned[name] = np.negative(labels[name])
    turned["y"] = np.negative(turned["y"])
    return np.ascontiguousarray(view[:, ::-1]), turned


def move(
    view: NDArray[np.uint8], labels: Labels, bins: int, grid: GroundGrid
) -> tuple[NDArray[np.uint8], Labels]:
    """As seen by a car so many ``bins`` farther to the left, were the image wide enough."""
    if bins == 0:
        return view, labels
    pixels = bins * grid.fineness
    moved = np.zeros_like(view)
    if pixels > 0:  # the road moves to the right, towards higher columns
        moved[:, pixels:] = view[:, :-pixels]
    else:
        moved[:, :pixels] = view[:, -pixels:]
    changed = dict(labels)
    changed["y"] = labels["y"].astype(np.float64) - bins * grid.bin_width
    changed["offset"] = labels["offset"].astype(np.float64) + bins * grid.bin_width
    return moved, changed


def collate(
    samples: Sequence[tuple[NDArray[np.uint8], Labels]], config: LaneTraining, grid: GroundGrid
) -> LaneBatch:
    """Stack samples into the network's terms."""

    def stack(name: str) -> torch.Tensor:
        return torch.from_numpy(np.stack([labels[name] for _, labels in samples]).astype(np.float32))

    y = stack("y")
    bins = (grid.reach - y) / grid.bin_width - 0.5
    there = (stack("inside") > 0.5) & torch.isfinite(y) & (bins >= 0.0) & (bins <= grid.bins - 1.0)
    bins = torch.where(there, bins, torch.zeros_like(bins))
    lower = bins.floor().clamp(0, grid.bins - 2)
    share = (bins - lower)[..., None]
    heat = torch.zeros((*y.shape, grid.bins))
    index = lower.long()[..., None]
    heat.scatter_(3, index, 1.0 - share)
    heat.scatter_(3, index + 1, share)
    clear = stack("clear") > 0.5
    weight = torch.where(clear, 1.0, config.hidden_weight) * there
    ends = stack("ends")
    ending = (ends <= END_RANGE).float()
    known = torch.ones((len(samples), 7))
    return LaneBatch(
        views=torch.from_numpy(np.stack([view for view, _ in samples])),
        heat=heat,
        weight=weight,
        seen=there.float(),
        facts=torch.cat(
            [stack("neighbour"), stack("enterable"), ending, (ends / END_RANGE).clamp(0.0, 1.0)], dim=1
        ),
        facts_weight=torch.cat([known, 3.0 * ending], dim=1),
    )
