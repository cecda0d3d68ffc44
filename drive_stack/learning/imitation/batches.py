"""Batches for training and evaluating the policy: inputs and targets of some clips, as tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from drive_stack.learning.imitation.augmentation import ImageChanges, augment_state, draw_image_changes
from drive_stack.learning.imitation.config import AugmentSettings
from drive_stack.learning.imitation.data import Clips, PolicyData, history_rows
from drive_stack.learning.imitation.images import make_images
from drive_stack.policy.views import View

_EVALUATED = 256  # rows of a batch in evaluations


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs and targets of B rows, which need P images."""

    images: list[torch.Tensor]  # (P, 3, H, W) of each view, −1 … 1; none if features of images are known
    image_rows: torch.Tensor  # (P,) rows of the images in the data
    history: torch.Tensor  # (B, ages) which of the images each row uses
    state: torch.Tensor  # (B, STATE_SIZE)
    target: torch.Tensor  # (B, 2) the expert's lateral and longitudinal acceleration [m/s²]
    auxiliary: torch.Tensor  # (B, H) see `auxiliary_targets`
    columns: torch.Tensor  # (P, kinds, columns) see `column_targets`

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True, slots=True)
class BatchMaker:
    """Makes batches of ``data`` for a network that reads ``views`` and images of certain ``ages`` [rows]."""

    data: PolicyData
    views: tuple[View, ...]
    ages: Sequence[int]
    device: torch.device
    with_images: bool = True  # otherwise features of the images are known

    def training(
        self,
        clips: Clips,
        count: int,
        steps: int,
        augment: AugmentSettings,
        dtype: torch.dtype,
        rng: np.random.Generator,
    ) -> Iterator[Batch]:
        """``steps`` augmented batches of ``count`` clips each, drawn by weight; images are of ``dtype``."""
        for _ in range(steps):
            first = clips.draw(count, rng)
            needed, history = history_rows(first, clips.length, self.ages, self.data.episode_start)
            rows = (first[:, None] + np.arange(clips.length)).reshape(-1)
            state = augment_state(self.data.state[rows], clips.length, augment, rng)
            images = list[torch.Tensor]()
            if self.with_images:
                changes = draw_image_changes(needed, self.data.episode_start, self.views, augment, rng)
                images = make_images(self.data.packed, needed, self.views, changes, dtype)
            yield self._batch(images, needed, history, rows, state)

    def evaluation(self) -> Iterator[Batch]:
        """All rows in their order, unchanged."""
        for start in range(0, self.data.rows, _EVALUATED):
            rows = np.arange(start, min(start + _EVALUATED, self.data.rows))
            needed, history = history_rows(rows, 1, self.ages, self.data.episode_start)
            images = list[torch.Tensor]()
            if self.with_images:
                changes = ImageChanges.none(len(needed), self.views)
                images = make_images(self.data.packed, needed, self.views, changes)
            yield self._batch(images, needed, history, rows, self.data.state[rows])

    def _batch(
        self,
        images: list[torch.Tensor],
        needed: NDArray[np.int64],
        history: NDArray[np.int64],
        rows: NDArray[np.int64],
        state: NDArray[np.float32],
    ) -> Batch:
        arrays = (
            needed,
            history,
            state,
            self.data.target[rows],
            self.data.auxiliary[rows],
            self.data.columns[needed].astype(np.float32),
        )
        return Batch(
            [image.to(self.device) for image in images],
            *(torch.from_numpy(array).to(self.device) for array in arrays),
        )
