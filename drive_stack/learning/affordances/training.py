"""Training of the network that reads affordances off the images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from drive_stack.direct_perception.affordances import FLAGS, SIZE, VALUES
from drive_stack.learning.affordances.config import AffordanceTraining
from drive_stack.learning.imitation.batches import Batch, BatchMaker
from drive_stack.learning.imitation.column_targets import column_loss
from drive_stack.learning.imitation.data import Clips, PolicyData
from drive_stack.learning.imitation.network import PolicyNet
from drive_stack.learning.training.devices import has_bfloat16, training_device
from drive_stack.learning.training.fitting import Fit, FitSettings, fit

_HUBER_DELTA = 0.1


def with_labels(data: PolicyData, labels: NDArray[np.float32]) -> PolicyData:
    """Data of a policy with ``labels`` (N, `SIZE`) of affordances in place of its auxiliary targets."""
    return replace(data, auxiliary=labels)


def train(
    data: PolicyData,
    validation: PolicyData,
    config: AffordanceTraining,
    seed: int,
    folder: Path,
    *,
    steps: int | None = None,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> Fit[PolicyNet]:
    """Train a network from labelled data, see `with_labels`; ``folder`` receives checkpoints and curves.

    ``seed`` initialises the network and draws the batches. An epoch has as many ``steps`` as show each row
    once, unless they are given. Raises `ConfigError` if the data do not fill one clip.
    """
    torch.manual_seed(seed)
    objective = AffordanceObjective(data, validation, config)
    network = PolicyNet(config.network, SIZE).to(objective.device)
    settings = FitSettings(
        epochs=config.epochs,
        steps=steps or objective.steps,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        average_decay=config.average_decay,
        patience=config.patience,
        seed=seed,
    )
    return fit(network, objective, settings, folder, resume=resume, report=report)


class AffordanceObjective:
    """Affordances of training data, and their errors on validation data."""

    def __init__(self, data: PolicyData, validation: PolicyData, config: AffordanceTraining) -> None:
        self._config, self._validation = config, validation
        self.device = training_device()
        self._use_bfloat16 = has_bfloat16(self.device)
        views, ages = config.network.views, config.network.ages_in_rows(config.every)
        self._clips = Clips.of(data, config.clip)
        self._maker = BatchMaker(data, views, ages, self.device)
        self._evaluation = BatchMaker(validation, views, ages, self.device)

    @property
    def steps(self) -> int:
        """Number of steps in which each row is shown once on average."""
        return self._clips.steps(self._config.batch)

    def batches(self, steps: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Batches of clips, drawn by weight."""
        dtype = torch.bfloat16 if self._use_bfloat16 else torch.float32
        return self._maker.training(self._clips, self._config.batch, steps, self._config.augment, dtype, rng)

    def loss(self, network: PolicyNet, batch: Batch) -> torch.Tensor:
        """Loss of values, flags and columns."""
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=self._use_bfloat16 and network.training
        ):
            features, columns = network.encode(batch.images)
            outputs = network.decide(features, batch.history, batch.state)
        loss = affordance_loss(outputs.float(), batch.auxiliary, self._config.flag_weight)
        if self._config.column_weight > 0.0:
            for proximities in columns:
                loss = loss + self._config.column_weight * column_loss(proximities.float(), batch.columns)
        return loss

    def evaluate(self, network: PolicyNet) -> Mapping[str, float]:
        """Mean loss, mean error of the known values in their scales, and fraction of wrong flags."""
        loss, error, known, wrong = 0.0, 0.0, 0, 0
        for batch in self._evaluation.evaluation():
            with torch.no_grad():
                features, _ = network.encode(batch.images)
                outputs = network.decide(features, batch.history, batch.state)
            loss += len(batch) * float(affordance_loss(outputs, batch.auxiliary, self._config.flag_weight))
            difference = (outputs - batch.auxiliary)[:, : len(VALUES)]
            known += int(difference.isfinite().sum())
            error += float(difference.nan_to_num().abs().sum())
            is_set = batch.auxiliary[:, len(VALUES) :] >= 0.5
            wrong += int(((outputs[:, len(VALUES) :] >= 0.0) != is_set).sum())
        rows = self._validation.rows
        return {"loss": loss / rows, "values": error / max(known, 1), "flags": wrong / (rows * len(FLAGS))}


def affordance_loss(outputs: torch.Tensor, labels: torch.Tensor, flag_weight: float) -> torch.Tensor:
    """Huber loss of the known values plus the weighted cross-entropy of the flags.

    Both arguments are (B, `SIZE`); ``outputs`` hold logits of the flags. Each value has the same weight,
    however often it is known in the batch.
    """
    values, flags = outputs[:, : len(VALUES)], outputs[:, len(VALUES) :]
    targets = labels[:, : len(VALUES)]
    known = torch.isfinite(targets)
    each = functional.smooth_l1_loss(values, torch.nan_to_num(targets), beta=_HUBER_DELTA, reduction="none")
    of_values = (each * known).sum(dim=0) / known.sum(dim=0).clamp(min=1)
    of_flags = functional.binary_cross_entropy_with_logits(flags, labels[:, len(VALUES) :])
    return of_values.mean() + flag_weight * of_flags
