"""Training of the lane network."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torch.utils.tensorboard import SummaryWriter

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.first_estimate import FirstEstimate
from drive_stack.learning.lanes.batches import Labels, LaneBatch, collate, epoch_batches, repeated_rows
from drive_stack.learning.lanes.config import LaneTraining
from drive_stack.learning.lanes.network import LaneNet, Outputs
from drive_stack.learning.training.averaging import update_average
from drive_stack.learning.training.checkpoints import read_checkpoint
from drive_stack.learning.training.devices import has_bfloat16, training_device
from drive_stack.learning.training.early_stopping import is_best, is_stale, require_finite
from drive_stack.learning.training.progress import estimate_training, track_steps
from drive_stack.learning.training.quantisation import calibration_rows
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.support.atomic_files import atomic_file

NEIGHBOUR_WEIGHT, CROSSABLE_WEIGHT, ENDS_WEIGHT = 0.3, 0.5, 0.4  # weights in the loss


@dataclass(frozen=True, slots=True)
class LabelledViews:
    """Bird's-eye views (N, H, W, 3) uint8 and their labels."""

    views: NDArray[np.uint8]
    labels: Sequence[Labels]

    def sample(self, count: int, seed: int) -> NDArray[np.uint8]:
        """Draw ``count`` views without repetition; all of them if there are fewer."""
        return self.views[calibration_rows(len(self.views), count, seed)]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The averaged network with the lowest validation loss, and facts about its training."""

    network: LaneNet
    seconds: float
    epochs: int
    loss: float  # on validation views


def compute_loss(outputs: Outputs, batch: LaneBatch) -> torch.Tensor:
    """Weighted sum of the cross entropies of all outputs, see `LaneNet`."""
    heat, present, neighbour, crossable, ends = (values.float() for values in outputs)
    position_loss = -(batch.heat * heat.log_softmax(dim=3)).sum(dim=3)
    presence_loss = functional.binary_cross_entropy_with_logits(present, batch.present)
    neighbour_loss = functional.binary_cross_entropy_with_logits(neighbour, batch.neighbour, reduction="none")
    crossable_loss = functional.binary_cross_entropy_with_logits(crossable, batch.crossable, reduction="none")
    end_loss = -(batch.ends * ends.log_softmax(dim=2)).sum(dim=2)
    return (
        _mean(position_loss, batch.weight)
        + presence_loss
        + NEIGHBOUR_WEIGHT * _mean(neighbour_loss, batch.shows_lanes[:, None].expand_as(neighbour_loss))
        + CROSSABLE_WEIGHT * _mean(crossable_loss, batch.crossable_weight)
        + ENDS_WEIGHT * _mean(end_loss, batch.ends_weight)
    )


def _mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1.0)


def learning_rate_at(step: int, total: int, config: LaneTraining) -> float:
    """Learning rate at a step: a linear warm-up times a cosine decay to zero."""
    warm_up_steps = max(config.warmup_fraction * total, 1.0)
    warm_up = min(1.0, (step + 1) / warm_up_steps)
    return config.learning_rate * warm_up * 0.5 * (1.0 + math.cos(math.pi * step / total))


class LaneTrainer:
    """Trains on views and writes a checkpoint to ``folder`` after every epoch.

    On one machine the result is reproducible bit for bit, also when a run is interrupted and resumed.
    """

    def __init__(
        self,
        training: LabelledViews,
        validation: LabelledViews,
        config: LaneTraining,
        grid: GroundGrid,
        folder: Path,
        report: Callable[[str], None] = print,
        *,
        passes: int = 1,
    ) -> None:
        """Prepare a training of ``passes`` passes over the views in each epoch."""
        self._training, self._validation, self._config, self._grid = training, validation, config, grid
        self._folder, self._report = folder, report
        self._rows = np.tile(repeated_rows(training.labels, config), passes)
        self._steps = len(self._rows) // config.batch  # per epoch
        if self._steps == 0:
            raise ConfigError(f"{len(training.views)} frames do not fill one batch of {config.batch}")
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self._device = training_device()
        self._network = LaneNet(grid).to(self._device)
        self._averaged = copy.deepcopy(self._network).eval()
        self._best = copy.deepcopy(self._averaged.state_dict())
        self._optimizer = torch.optim.AdamW(
            self._network.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        self._losses: list[float] = []  # validation loss after each epoch
        self._seconds = 0.0

    def train(self, *, resume: bool = False) -> TrainingResult:
        """Train for the configured number of epochs, or until the validation loss stops improving.

        With ``resume`` it continues from the checkpoint; raises `ConfigError` if that cannot be used.
        """
        checkpoint, config = self._folder / "checkpoint.pt", self._config
        if resume:
            self._load(checkpoint)
        remaining = config.epochs - len(self._losses)
        estimate = estimate_training(
            f"training for {remaining} epochs", self._steps * remaining, self._report
        )
        with SummaryWriter(str(self._folder / "curves")) as curves:
            while len(self._losses) < config.epochs and not is_stale(self._losses, config.patience):
                start = time.perf_counter()
                mean = self._epoch(estimate)
                self._losses.append(require_finite("validation", self._validate()))
                if is_best(self._losses):
                    self._best = copy.deepcopy(self._averaged.state_dict())
                elapsed = time.perf_counter() - start
                self._seconds += elapsed
                self._save(checkpoint)
                epoch, rate = len(self._losses), self._steps * config.batch / elapsed
                for name, value in (("training", mean), ("validation", self._losses[-1])):
                    curves.add_scalar(f"loss/{name}", value, epoch)
                self._report(
                    f"epoch {epoch}/{config.epochs}: loss {mean:.3f}, validation {self._losses[-1]:.3f}, "
                    f"{rate:.0f} views/s"
                )
        network = copy.deepcopy(self._averaged).cpu()
        network.load_state_dict(self._best)
        return TrainingResult(network, self._seconds, len(self._losses), min(self._losses))

    def _epoch(self, estimate: FirstEstimate) -> float:
        """Train for one epoch; returns the mean loss."""
        config, epoch, mean = self._config, len(self._losses), 0.0
        batches = epoch_batches(
            self._training.views, self._training.labels, self._rows, config, epoch, self._grid
        )
        with track_steps(f"epoch {epoch + 1}/{config.epochs}", self._steps, self._report) as advance:
            for done, batch in enumerate(batches):
                loss = require_finite("training", self._step(batch, epoch * self._steps + done))
                mean += loss / self._steps
                estimate.advance()
                advance(f"loss {loss:.3f}")
        return mean

    def _step(self, batch: LaneBatch, step: int) -> float:
        config = self._config
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate_at(step, self._steps * config.epochs, config)
        self._network.train()
        batch = batch.to(self._device)
        use_bfloat16 = has_bfloat16(self._device)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=use_bfloat16):
            outputs = self._network(batch.views)
        loss = compute_loss(outputs, batch)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimizer.step()
        update_average(self._averaged, self._network, min(config.average_decay, (step + 1) / (step + 10)))
        return float(loss.detach())

    @torch.no_grad()
    def _validate(self) -> float:
        """The averaged network's mean loss on validation views."""
        samples, total = list(zip(self._validation.views, self._validation.labels, strict=True)), 0.0
        for start in range(0, len(samples), self._config.batch):
            part = samples[start : start + self._config.batch]
            batch = collate(part, self._config, self._grid).to(self._device)
            total += float(compute_loss(self._averaged(batch.views), batch)) * len(part)
        return total / len(samples)

    def _save(self, path: Path) -> None:
        """Write a checkpoint atomically: if the process is killed, the previous one remains."""
        content = {
            "network": self._network.state_dict(),
            "averaged": self._averaged.state_dict(),
            "best": self._best,
            "optimizer": self._optimizer.state_dict(),
            "losses": self._losses,
            "seconds": self._seconds,
        }
        with atomic_file(path) as part:
            torch.save(content, part)

    def _load(self, path: Path) -> None:
        keys = ("network", "averaged", "best", "optimizer", "losses", "seconds")
        content = read_checkpoint(path, keys, self._device)
        try:
            self._network.load_state_dict(content["network"])
            self._averaged.load_state_dict(content["averaged"])
            self._optimizer.load_state_dict(content["optimizer"])
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"{path}: made for another network: {reason}") from None
        self._best, self._losses = content["best"], [float(loss) for loss in content["losses"]]
        self._seconds = float(content["seconds"])
