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
from drive_stack.learning.lanes.batches import Labels, LaneBatch, collate, epoch_batches, repeats
from drive_stack.learning.lanes.config import LaneTraining
from drive_stack.learning.lanes.network import LaneNet, Outputs
from drive_stack.learning.training.averaging import update_average
from drive_stack.learning.training.checkpoints import read_checkpoint
from drive_stack.learning.training.devices import has_bfloat16, training_device
from drive_stack.learning.training.early_stopping import is_best, is_stale
from drive_stack.learning.training.progress import track_steps
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.support.atomic_files import whole_file

NEIGHBOUR_SHARE, CROSSABLE_SHARE, ENDS_SHARE = 0.3, 0.5, 0.4  # in the loss


@dataclass(frozen=True, slots=True)
class Labelled:
    """Views from above (N, H, W, 3) uint8, and what is known of each."""

    views: NDArray[np.uint8]
    labels: Sequence[Labels]


@dataclass(frozen=True, slots=True)
class Trained:
    """The averaged network that is best on validation views, and how it came about."""

    network: LaneNet
    seconds: float
    epochs: int
    loss: float  # of validation


def loss_of(outputs: Outputs, batch: LaneBatch) -> torch.Tensor:
    """Cross entropy of the lines' places and presence, of neighbours, crossable lines and lanes' ends."""
    heat, seen, neighbour, crossable, ends = (values.float() for values in outputs)
    places = -(batch.heat * heat.log_softmax(dim=3)).sum(dim=3)
    there = functional.binary_cross_entropy_with_logits(seen, batch.seen)
    beside = functional.binary_cross_entropy_with_logits(neighbour, batch.neighbour, reduction="none")
    cross = functional.binary_cross_entropy_with_logits(crossable, batch.crossable, reduction="none")
    where = -(batch.ends * ends.log_softmax(dim=2)).sum(dim=2)
    return (
        _mean(places, batch.weight)
        + there
        + NEIGHBOUR_SHARE * _mean(beside, batch.shows[:, None].expand_as(beside))
        + CROSSABLE_SHARE * _mean(cross, batch.crossable_weight)
        + ENDS_SHARE * _mean(where, batch.ends_weight)
    )


def _mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1.0)


def rate_at(step: int, total: int, config: LaneTraining) -> float:
    """Learning rate: a short rise, then half a cosine down to zero."""
    warmup = max(config.warmup_share * total, 1.0)
    rise = min(1.0, (step + 1) / warmup)
    return config.learning_rate * rise * 0.5 * (1.0 + math.cos(math.pi * step / total))


class LaneTrainer:
    """Trains on views; what it knows is in ``folder`` after every epoch.

    Repeats bit for bit on one machine, also where it was broken off and went on.
    """

    def __init__(
        self,
        training: Labelled,
        validation: Labelled,
        config: LaneTraining,
        grid: GroundGrid,
        folder: Path,
        report: Callable[[str], None] = print,
    ) -> None:
        self._training, self._validation, self._config, self._grid = training, validation, config, grid
        self._folder, self._report = folder, report
        self._rows = repeats(training.labels, config)
        self._steps = len(self._rows) // config.batch  # of an epoch
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
        self._losses: list[float] = []  # of validation, after each epoch
        self._seconds = 0.0

    def train(self, *, resume: bool = False) -> Trained:
        """All epochs, or until the last ones brought nothing.

        With ``resume`` it goes on from the checkpoint; raises `ConfigError` where there is none that fits.
        """
        checkpoint, config = self._folder / "checkpoint.pt", self._config
        if resume:
            self._load(checkpoint)
        with SummaryWriter(str(self._folder / "curves")) as curves:
            while len(self._losses) < config.epochs and not is_stale(self._losses, config.patience):
                start = time.perf_counter()
                mean = self._epoch()
                self._losses.append(self._judge())
                if is_best(self._losses):
                    self._best = copy.deepcopy(self._averaged.state_dict())
                took = time.perf_counter() - start
                self._seconds += took
                self._save(checkpoint)
                epoch, pace = len(self._losses), self._steps * config.batch / took
                for name, value in (("training", mean), ("validation", self._losses[-1])):
                    curves.add_scalar(f"loss/{name}", value, epoch)
                self._report(
                    f"epoch {epoch}/{config.epochs}: loss {mean:.3f}, validation {self._losses[-1]:.3f}, "
                    f"{pace:.0f} views/s"
                )
        network = copy.deepcopy(self._averaged).cpu()
        network.load_state_dict(self._best)
        return Trained(network, self._seconds, len(self._losses), min(self._losses))

    def _epoch(self) -> float:
        """The mean loss."""
        config, epoch, mean = self._config, len(self._losses), 0.0
        batches = epoch_batches(
            self._training.views, self._training.labels, self._rows, config, epoch, self._grid
        )
        with track_steps(f"epoch {epoch + 1}/{config.epochs}", self._steps, self._report) as advance:
            for done, batch in enumerate(batches):
                loss = self._step(batch, epoch * self._steps + done)
                mean += loss / self._steps
                advance(f"loss {loss:.3f}")
        return mean

    def _step(self, batch: LaneBatch, step: int) -> float:
        config = self._config
        for group in self._optimizer.param_groups:
            group["lr"] = rate_at(step, self._steps * config.epochs, config)
        self._network.train()
        batch = batch.to(self._device)
        reduced = has_bfloat16(self._device)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=reduced):
            outputs = self._network(batch.views)
        loss = loss_of(outputs, batch)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimizer.step()
        update_average(self._averaged, self._network, min(config.average_decay, (step + 1) / (step + 10)))
        return float(loss.detach())

    @torch.no_grad()
    def _judge(self) -> float:
        """The averaged network's mean loss on validation views."""
        known, total = list(zip(self._validation.views, self._validation.labels, strict=True)), 0.0
        for begin in range(0, len(known), self._config.batch):
            some = known[begin : begin + self._config.batch]
            batch = collate(some, self._config, self._grid).to(self._device)
            total += float(loss_of(self._averaged(batch.views), batch)) * len(some)
        return total / len(known)

    def _save(self, path: Path) -> None:
        """In one stroke, so that a kill leaves the checkpoint before."""
        content = {
            "network": self._network.state_dict(),
            "averaged": self._averaged.state_dict(),
            "best": self._best,
            "optimizer": self._optimizer.state_dict(),
            "losses": self._losses,
            "seconds": self._seconds,
        }
        with whole_file(path) as part:
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
