"""Batches of training windows, made in a thread beside the training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from drive_stack.datasets.frames.store import StoredFrame
from drive_stack.learning.detector.config import DetectorTraining
from drive_stack.learning.detector.windows import Window, cut, unpunished
from drive_stack.types import ObjectClass


@dataclass(frozen=True, slots=True)
class Batch:
    """What one training step is given."""

    images: torch.Tensor  # (B, 3, h, w) 0 … 1, channels last in memory
    targets: dict[str, torch.Tensor]  # batch_idx, cls, bboxes (centre and size, 0 … 1), as ultralytics asks
    unpunished: torch.Tensor  # (B, A) bool, cells whose scores are not taught


def collate(windows: Sequence[Window], cells: Sequence[float]) -> Batch:
    """Stack windows of one size."""
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
        unpunished=torch.from_numpy(unpunished(windows, (height, width), cells)),
    )


def with_people_repeated(frames: Sequence[StoredFrame], times: int) -> list[StoredFrame]:
    """The frames, those with people ``times`` times: people are few, and hard to learn."""
    repeated: list[StoredFrame] = []
    for frame in frames:
        has_people = bool(np.any(frame.truth.labels == ObjectClass.PEDESTRIAN))
        repeated += [frame] * (times if has_people else 1)
    return repeated


def epoch_batches(
    frames: Sequence[StoredFrame], config: DetectorTraining, epoch: int, cells: Sequence[float]
) -> Iterator[Batch]:
    """Every frame once, shuffled; the same for the same seed and epoch."""
    rng = np.random.default_rng([config.seed, epoch])
    order = rng.permutation(len(frames))
    steps = len(frames) // config.batch

    def make(step: int) -> Batch:
        own = np.random.default_rng([config.seed, epoch, step])
        chosen = order[step * config.batch : (step + 1) * config.batch]
        pictures = [frames[index].image() for index in chosen]
        whole = own.random() < config.windows.whole_share
        size = pictures[0].shape[:2] if whole else config.windows.size
        windows = [
            cut(picture, frames[index].truth, (size[0], size[1]), config.windows, own)
            for picture, index in zip(pictures, chosen, strict=True)
        ]
        return collate(windows, cells)

    with ThreadPoolExecutor(max_workers=1) as ahead:
        waiting = [ahead.submit(make, step) for step in range(min(2, steps))]
        for step in range(steps):
            batch = waiting.pop(0).result()
            if step + 2 < steps:
                waiting.append(ahead.submit(make, step + 2))
            yield batch


def steps_per_epoch(frames: int, config: DetectorTraining) -> int:
    """How many batches `epoch_batches` gives."""
    return frames // config.batch
