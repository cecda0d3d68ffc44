"""Training of a network by gradient descent, epoch by epoch, with checkpoints and early stopping."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from drive_stack.errors import ConfigError
from drive_stack.learning.training.averaging import update_average
from drive_stack.learning.training.checkpoints import read_checkpoint
from drive_stack.learning.training.early_stopping import is_best, is_stale, require_finite
from drive_stack.learning.training.prefetching import prefetched
from drive_stack.learning.training.progress import estimate_training, track_steps
from drive_stack.support.atomic_files import atomic_file, make_folder

CHECKPOINT = "checkpoint.pt"
WARM_UP = 200  # steps until the full learning rate
MAX_NORM = 5.0  # of the gradient

Net = TypeVar("Net", bound=nn.Module)
Batch = TypeVar("Batch")
Net_contra = TypeVar("Net_contra", bound=nn.Module, contravariant=True)


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How a network is trained."""

    epochs: int  # at most
    steps: int  # of an epoch
    learning_rate: float
    weight_decay: float
    average_decay: float  # of the weights' moving average, which is evaluated and kept
    patience: int  # epochs without a better validation loss that end the training
    seed: int  # draws the batches


class Objective(Protocol[Net_contra, Batch]):
    """What a network is trained for."""

    def batches(self, steps: int, rng: np.random.Generator) -> Iterator[Batch]:
        """``steps`` batches of training data, drawn by ``rng``."""
        ...

    def loss(self, network: Net_contra, batch: Batch) -> torch.Tensor:
        """The loss of a batch, a scalar."""
        ...

    def evaluate(self, network: Net_contra) -> Mapping[str, float]:
        """Errors on the validation data by name; ``loss`` decides which epoch is the best."""
        ...


@dataclass(frozen=True, slots=True)
class Fit(Generic[Net]):
    """A trained network."""

    network: Net  # the averaged weights of the epoch with the lowest validation loss, in evaluation mode
    errors: tuple[Mapping[str, float], ...]  # on the validation data after each epoch
    seconds: float  # of training, in all runs together

    @property
    def best(self) -> Mapping[str, float]:
        """The errors of the network."""
        return min(self.errors, key=lambda epoch: epoch["loss"])


def fit(
    network: Net,
    objective: Objective[Net, Batch],
    settings: FitSettings,
    folder: Path,
    *,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> Fit[Net]:
    """Train ``network``; ``folder`` receives a checkpoint after each epoch, and the curves.

    With ``resume``, a checkpoint in ``folder`` is continued if there is one; the result is the same as
    without the interruption. Raises `ConfigError` for a checkpoint that cannot be used.
    """
    make_folder(folder)
    run = _Run(network, objective, settings, report)
    checkpoint = folder / CHECKPOINT
    if resume and checkpoint.exists():
        run.load(checkpoint)
    with SummaryWriter(str(folder / "curves")) as curves:
        while len(run.errors) < settings.epochs and not is_stale(run.losses, settings.patience):
            start = time.perf_counter()
            loss = run.epoch()
            errors = dict(objective.evaluate(run.averaged))
            require_finite("validation", errors["loss"])
            run.add(errors, time.perf_counter() - start)
            epoch = len(run.errors)
            for name, value in {"training": loss, **errors}.items():
                curves.add_scalar(f"errors/{name}", value, epoch)
            values = ", ".join(f"{name} {value:.4f}" for name, value in errors.items())
            run.save(checkpoint)
            report(f"epoch {epoch}/{settings.epochs}: training loss {loss:.4f}; validation {values}")
    run.averaged.load_state_dict(run.best)
    return Fit(run.averaged.eval(), tuple(run.errors), run.seconds)


class _Run(Generic[Net, Batch]):
    """The state of a training."""

    def __init__(
        self,
        network: Net,
        objective: Objective[Net, Batch],
        settings: FitSettings,
        report: Callable[[str], None],
    ) -> None:
        self._network, self._objective, self._settings, self._report = network, objective, settings, report
        self._optimizer = torch.optim.AdamW(
            network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        self.averaged = copy.deepcopy(network).eval()
        self.best = copy.deepcopy(self.averaged.state_dict())
        self.errors: list[Mapping[str, float]] = []
        self.seconds = 0.0

    @property
    def losses(self) -> list[float]:
        """Validation losses after each epoch."""
        return [errors["loss"] for errors in self.errors]

    def add(self, errors: Mapping[str, float], seconds: float) -> None:
        """Record the errors of an epoch, and its weights if they are the best so far."""
        self.errors.append(errors)
        self.seconds += seconds
        if is_best(self.losses):
            self.best = copy.deepcopy(self.averaged.state_dict())

    def epoch(self) -> float:
        """Train for one epoch; returns the mean loss."""
        settings, done = self._settings, len(self.errors)
        rng = np.random.default_rng([settings.seed, done])
        torch.manual_seed(int(rng.integers(2**31)))
        self._network.train()
        total, remaining = 0.0, (settings.epochs - done) * settings.steps
        estimate = estimate_training(f"training for {settings.epochs - done} epochs", remaining, self._report)
        title = f"epoch {done + 1}/{settings.epochs}"
        with track_steps(title, settings.steps, self._report) as advance:
            for step, batch in enumerate(prefetched(self._objective.batches(settings.steps, rng))):
                total += require_finite("training", self._step(done * settings.steps + step, batch))
                if not done:
                    estimate.advance()
                advance(f"loss {total / (step + 1):.3f}")
        return total / settings.steps

    def _step(self, done: int, batch: Batch) -> float:
        """Update the weights once, after ``done`` updates; returns the loss."""
        settings = self._settings
        progress = done / (settings.steps * settings.epochs)
        rate = settings.learning_rate * min((done + 1) / WARM_UP, 1.0)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * max(0.5 * (1.0 + math.cos(math.pi * progress)), 0.01)
        loss = self._objective.loss(self._network, batch)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), MAX_NORM)
        self._optimizer.step()
        update_average(self.averaged, self._network, min(settings.average_decay, (done + 1) / (done + 10)))
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Write a checkpoint atomically: if the process is killed, the previous one remains."""
        content = {
            "network": self._network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "best": self.best,
            "optimizer": self._optimizer.state_dict(),
            "errors": [dict(errors) for errors in self.errors],
            "seconds": self.seconds,
        }
        with atomic_file(path) as part:
            torch.save(content, part)

    def load(self, path: Path) -> None:
        """Restore a checkpoint. Raises `ConfigError` if it cannot be used."""
        keys = ("network", "averaged", "best", "optimizer", "errors", "seconds")
        content = read_checkpoint(path, keys, "cpu")
        try:
            self._network.load_state_dict(content["network"])
            self.averaged.load_state_dict(content["averaged"])
            self._optimizer.load_state_dict(content["optimizer"])
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"{path}: made for another network: {reason}") from None
        self.best = content["best"]
        self.errors = list(content["errors"])
        self.seconds = float(content["seconds"])
