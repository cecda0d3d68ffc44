"""Batches of training windows, prepared in a thread while the network trains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from drive_stack.datasets.frames.store import StoredFrame
from drive_stack.learning.detector.config import DetectorTraining
from drive_stack.learning.detector.windows import Window, cut_window, ignored_cells
from drive_stack.types import ObjectClass


@dataclass(frozen=True, slots=True)
class Batch:
    """The input of one training step."""

    images: torch.Tensor  # (B, 3, h, w) 0 … 1, channels last in memory
    targets: dict[str, torch.Tensor]  # batch_idx, cls, bboxes (centre and size, 0 … 1), ultralytics' format
    ignored_cells: torch.Tensor  # (B, A) bool, cells whose scores do not enter the loss


def collate(windows: Sequence[Window], cells: Sequence[float]) -> Batch:
    """Stack windows of one size; ``cells`` are the cell sizes of the network's levels [px of the window]."""
    height, width = windows[0].image.shape[:2]
    counts = [len(window.labels) for window in windows]
    boxes = torch.from_numpy(np.concatenate([window.boxes for window in windows]))
    scale = torch.tensor([width, height, width, height], dtype=torch.float32)
    centred = torch.cat([(boxes[:, :2] + boxes[:, 2:]) / 2.0, boxes[:, 2:] - boxes[:, :2]], dim=1)
    planes = torch.from_numpy(np.stack([window.image for window in windows])).permute(0, 3, 1, 2)
    return Batch(
        images=planes.to(torch.float32).div_(255.0),
        targets={
            "batch_idx": torch.from_numpy(np.repeat(np.arange(len(counts)), counts)).float(),
            "cls": torch.from_numpy(np.concatenate([window.labels for window in windows])).float()[:, None],
            "bboxes": centred / scale,
        },
        ignored_cells=torch.from_numpy(ignored_cells(windows, (height, width), cells)),
    )


def repeat_pedestrian_frames(frames: Sequence[StoredFrame], times: int) -> list[StoredFrame]:
    """All frames, each frame with pedestrians ``times`` times: pedestrians are rare and hard to learn."""
    repeated: list[StoredFrame] = []
    for frame in frames:
        has_pedestrians = bool(np.any(frame.truth.labels == ObjectClass.PEDESTRIAN))
        repeated += [frame] * (times if has_pedestrians else 1)
    return repeated


def epoch_batches(
    frames: Sequence[StoredFrame], config: DetectorTraining, epoch: int, cells: Sequence[float]
) -> Iterator[Batch]:
    """One pass over the shuffled frames in whole batches; the same for the same seed and epoch."""
    rng = np.random.default_rng([config.seed, epoch])
    order = rng.permutation(len(frames))
    steps = len(frames) // config.batch

    def make(step: int) -> Batch:
        step_rng = np.random.default_rng([config.seed, epoch, step])
        selected = order[step * config.batch : (step + 1) * config.batch]
        images = [frames[index].image() for index in selected]
        is_full_frame = step_rng.random() < config.windows.full_frame_fraction
        size = images[0].shape[:2] if is_full_frame else config.windows.size
        windows = [
            cut_window(image, frames[index].truth, (size[0], size[1]), config.windows, step_rng)
            for image, index in zip(images, selected, strict=True)
        ]
        return collate(windows, cells)

    with ThreadPoolExecutor(max_workers=1) as pool:
        pending = [pool.submit(make, step) for step in range(min(2, steps))]
        for step in range(steps):
            batch = pending.pop(0).result()
            if step + 2 < steps:
                pending.append(pool.submit(make, step + 2))
            yield batch


def steps_per_epoch(frames: int, config: DetectorTraining) -> int:
    """Number of batches that `epoch_batches` yields."""
    return frames // config.batch
