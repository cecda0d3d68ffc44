"""Views and labels for training the lane network, varied at random."""

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

NEAR = 50.0  # lines within count twice in whether they may be crossed [m]
Labels = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class LaneBatch:
    """Views and what the network should say of them."""

    views: torch.Tensor  # (B, H, W, 3) uint8
    heat: torch.Tensor  # (B, 4, R, bins) shares of two bins each
    weight: torch.Tensor  # (B, 4, R) of each boundary at each anchor, 0 where none
    seen: torch.Tensor  # (B, 4, R) 0 or 1
    neighbour: torch.Tensor  # (B, 2) 0 or 1
    crossable: torch.Tensor  # (B, 2, R) 0 or 1
    crossable_weight: torch.Tensor  # (B, 2, R) 0 where there is no lane to cross to
    ends: torch.Tensor  # (B, 3, R + 2) shares: between two anchors, beyond them, none
    ends_weight: torch.Tensor  # (B, 3) 0 where there is no such lane
    shows: torch.Tensor  # (B,) 0 for views that show nothing

    def to(self, device: torch.device) -> LaneBatch:
        """The same where it is computed with."""
        return LaneBatch(**{one.name: getattr(self, one.name).to(device) for one in fields(self)})


def cut_views(frames: Sequence[StoredFrame], grid: GroundGrid) -> NDArray[np.uint8]:
    """The view from above of each frame, ``(N, H, W, 3)``."""
    view = BirdsEyeView(CameraModel(), grid)
    return np.stack([view.warp(frame.image()) for frame in frames])


def repeats(labels: Sequence[Labels], config: LaneTraining) -> NDArray[np.intp]:
    """Rows of one epoch: those where the ego's lane is about to end come ``config.ending_times`` as often,
    those beside a line that must not be crossed ``config.barrier_times``."""
    times = np.ones(len(labels), dtype=np.intp)
    for row, known in enumerate(labels):
        if float(known["ends"][1]) < END_RANGE:
            times[row] = config.ending_times
        elif bool((known["neighbour"].astype(np.bool_) & ~known["enterable"].astype(np.bool_)).any()):
            times[row] = config.barrier_times
    return np.repeat(np.arange(len(labels)), times)


def epoch_batches(
    views: NDArray[np.uint8],
    labels: Sequence[Labels],
    rows: NDArray[np.intp],
    config: LaneTraining,
    epoch: int,
    grid: GroundGrid,
) -> Iterator[LaneBatch]:
    """One pass over ``rows`` in random order, whole batches; the same for the same seed and epoch."""
    rng = np.random.default_rng([config.seed, epoch])
    order = rng.permutation(rows)
    for start in range(0, len(order) - config.batch + 1, config.batch):
        chosen = order[start : start + config.batch]
        yield collate([vary(views[i], labels[i], rng, config, grid) for i in chosen], config, grid)


def vary(
    view: NDArray[np.uint8],
    labels: Labels,
    rng: np.random.Generator,
    config: LaneTraining,
    grid: GroundGrid,
) -> tuple[NDArray[np.uint8], Labels]:
    """A view mirrored, moved sideways, relit and blanked in places at random, and its labels.

    A few are spoilt until they show nothing, and labelled so.
    """
    if rng.random() < config.spoilt_share:
        return spoil(view, rng), labels | {name: np.zeros_like(labels[name]) for name in ("inside", "clear")}
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


def spoil(view: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A view that shows no lane: all of one shade, noise, or blurred beyond any line."""
    kind = int(rng.integers(3))
    if kind == 0:
        return np.full_like(view, rng.integers(0, 256) * (rng.random() < 0.5))
    if kind == 1:
        noise = rng.normal(rng.uniform(0.0, 200.0), rng.uniform(1.0, 60.0), view.shape)
        return np.asarray(np.clip(noise, 0.0, 255.0), dtype=np.uint8)
    blurred = cv2.GaussianBlur(view, (0, 0), float(rng.uniform(12.0, 24.0)))
    return np.asarray(blurred, dtype=np.uint8)


def mirror(view: NDArray[np.uint8], labels: Labels) -> tuple[NDArray[np.uint8], Labels]:
    """Left and right exchanged."""
    turned = dict(labels)
    for name in ("y", "inside", "clear", "neighbour", "enterable", "crossable", "ends"):
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
    pixels = bins * grid.pixels_per_cell
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
    bins = (grid.half_width - y) / grid.bin_width - 0.5
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
    shows, neighbour, crossable = stack("inside").amax(dim=(1, 2)), stack("neighbour"), stack("crossable")
    ends = stack("ends")
    before_end = torch.from_numpy(grid.anchors).float() < ends[:, 1, None]
    nearer = 1.0 + (torch.from_numpy(grid.anchors) < NEAR).float()  # where it matters soon
    exists = torch.stack([neighbour[:, 0], torch.ones(len(samples)), neighbour[:, 1]], dim=1)
    return LaneBatch(
        views=torch.from_numpy(np.stack([view for view, _ in samples])),
        heat=heat,
        weight=weight,
        seen=there.float(),
        neighbour=neighbour,
        crossable=crossable,
        crossable_weight=(neighbour * shows[:, None])[:, :, None] * (before_end * nearer)[:, None],
        ends=end_shares(ends, grid),
        ends_weight=exists * shows[:, None],
        shows=shows,
    )


def end_shares(ends: torch.Tensor, grid: GroundGrid) -> torch.Tensor:
    """Shares ``(B, K, R + 2)`` of anchors, "beyond" and "none" in where lanes end, from metres ``(B, K)``."""
    place = np.interp(ends.numpy(), grid.anchors, np.arange(grid.rows))
    lower = np.minimum(place.astype(np.int64), grid.rows - 2)
    shares = torch.zeros((*ends.shape, grid.rows + 2))
    share = torch.from_numpy(place - lower).float()[..., None]
    index = torch.from_numpy(lower)[..., None]
    shares.scatter_(2, index, 1.0 - share).scatter_(2, index + 1, share)
    beyond, none = ends > grid.max_distance, ends > END_RANGE
    shares[beyond] = 0.0
    shares[..., -2] = (beyond & ~none).float()
    shares[..., -1] = none.float()
    return shares
