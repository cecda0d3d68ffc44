"""A training ends as soon as a loss is not finite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from drive_stack.learning.training.early_stopping import NonFiniteLossError, require_finite
from drive_stack.learning.training.fitting import CHECKPOINT, FitSettings, fit

SETTINGS = FitSettings(
    epochs=2, steps=3, learning_rate=0.1, weight_decay=0.0, average_decay=0.9, patience=5, seed=0
)


@dataclass
class Diverging:
    """An objective whose losses are of one value."""

    training: float
    validation: float
    updates: int = 0

    def batches(self, steps: int, rng: np.random.Generator) -> Iterator[float]:
        yield from (self.training for _ in range(steps))

    def loss(self, network: nn.Module, batch: float) -> torch.Tensor:
        self.updates += 1
        return next(network.parameters()).sum() * 0.0 + batch

    def evaluate(self, network: nn.Module) -> Mapping[str, float]:
        return {"loss": self.validation}


@pytest.mark.parametrize(
    ("objective", "what", "updates"),
    [
        (Diverging(float("nan"), 0.5), "the training loss is nan", 1),
        (Diverging(0.5, float("inf")), "the validation loss is inf", 3),
    ],
)
def test_a_training_ends_at_a_loss_that_is_not_finite(
    tmp_path: Path, objective: Diverging, what: str, updates: int
) -> None:
    with pytest.raises(NonFiniteLossError, match=what):
        fit(nn.Linear(2, 1), objective, SETTINGS, tmp_path, report=lambda _: None)
    assert objective.updates == updates and not (tmp_path / CHECKPOINT).exists()


def test_a_finite_loss_is_passed_on() -> None:
    assert require_finite("training", 0.5) == 0.5
