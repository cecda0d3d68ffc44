"""Training of the network from tracks and lanes to controls, by imitation of the expert."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from drive_stack.learning.imitation.augmentation import augment_state
from drive_stack.learning.imitation.config import AugmentSettings
from drive_stack.learning.imitation.losses import policy_loss
from drive_stack.learning.mid_to_end.config import MidToEndTraining, TrackAugmentSettings
from drive_stack.learning.mid_to_end.data import TrackData
from drive_stack.learning.mid_to_end.network import TrackNet
from drive_stack.learning.training.devices import training_device
from drive_stack.learning.training.fitting import Fit, FitSettings, fit
from drive_stack.policy.track_encoding import EXISTS, PAST, STATE

_EVALUATED = 4096  # rows of a batch in evaluations


def train(
    data: TrackData,
    validation: TrackData,
    config: MidToEndTraining,
    seed: int,
    folder: Path,
    *,
    steps: int | None = None,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> Fit[TrackNet]:
    """Train a network; ``folder`` receives checkpoints and curves.

    ``seed`` initialises the network and draws the batches. An epoch has as many ``steps`` as show each row
    once, unless they are given.
    """
    torch.manual_seed(seed)
    objective = ControlObjective(data, validation, config)
    settings = FitSettings(
        epochs=config.epochs,
        steps=steps or max(data.rows // config.batch, 1),
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        average_decay=config.average_decay,
        patience=config.patience,
        seed=seed,
    )
    network = TrackNet(config.network).to(objective.device)
    return fit(network, objective, settings, folder, resume=resume, report=report)


@dataclass(frozen=True, slots=True)
class ControlBatch:
    """Some rows."""

    inputs: torch.Tensor  # (B, `INPUT_SIZE`)
    target: torch.Tensor  # (B, 2) [m/s²]


class ControlObjective:
    """The expert's controls of training data, and the errors on validation data."""

    def __init__(self, data: TrackData, validation: TrackData, config: MidToEndTraining) -> None:
        self._data, self._validation, self._config = data, validation, config
        self.device = training_device()

    def batches(self, steps: int, rng: np.random.Generator) -> Iterator[ControlBatch]:
        """Rows drawn by their weights, with random changes of the inputs."""
        probability = self._data.weight / self._data.weight.sum()
        for _ in range(steps):
            rows = rng.choice(self._data.rows, self._config.batch, p=probability)
            yield self._batch(
                augment_inputs(self._data.inputs[rows], self._config.augment, rng), self._data.target[rows]
            )

    def loss(self, network: TrackNet, batch: ControlBatch) -> torch.Tensor:
        """The loss of the end-to-end policy's controls."""
        return policy_loss(network(batch.inputs), batch.target, self._config)

    def evaluate(self, network: TrackNet) -> Mapping[str, float]:
        """Mean loss, and mean absolute differences from the expert [m/s²]."""
        sums, data = np.zeros(3), self._validation
        for start in range(0, data.rows, _EVALUATED):
            rows = slice(start, start + _EVALUATED)
            batch = self._batch(data.inputs[rows], data.target[rows])
            with torch.no_grad():
                predicted = network(batch.inputs)
                loss = policy_loss(predicted, batch.target, self._config)
            difference = (predicted - batch.target).abs().sum(dim=0).cpu().numpy()
            sums += [float(loss) * len(batch.target), *difference]
        return dict(zip(("loss", "lateral", "longitudinal"), (sums / data.rows).tolist(), strict=True))

    def _batch(self, inputs: NDArray[np.float32], target: NDArray[np.float32]) -> ControlBatch:
        return ControlBatch(
            torch.from_numpy(np.ascontiguousarray(inputs)).to(self.device),
            torch.from_numpy(np.ascontiguousarray(target)).to(self.device),
        )


def augment_inputs(
    inputs: NDArray[np.float32], augment: TrackAugmentSettings, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return inputs (B, `INPUT_SIZE`) with errors of the speed, and without some of what they hold."""
    changed = inputs.copy()
    of_state = AugmentSettings(speed=augment.speed, yaw_rate_dropout=augment.yaw_rate_dropout)
    changed[:, STATE] = augment_state(inputs[:, STATE], 1, of_state, rng)
    changed[rng.random(len(inputs)) < augment.history_dropout, PAST] = 0.0
    exists = changed[:, EXISTS]
    exists[rng.random(exists.shape) < augment.track_dropout] = 0.0
    return changed
