"""Training of the detector: a small loop around ultralytics' network and loss.

ultralytics' own trainer has no windows that are not square, no ignored objects, and no learning rate that
stays constant until a final decay. With the latter a run can be resumed with fewer or more epochs.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from drive_stack.config import read_error
from drive_stack.datasets.frames.store import StoredFrame
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.first_estimate import FirstEstimate
from drive_stack.learning.detector.batches import Batch, epoch_batches, steps_per_epoch
from drive_stack.learning.detector.config import DetectorTraining
from drive_stack.learning.detector.network import build_loss, enlarge, strides
from drive_stack.learning.training.checkpoints import read_checkpoint
from drive_stack.learning.training.devices import has_bfloat16, training_device
from drive_stack.learning.training.early_stopping import is_best, is_stale, require_finite
from drive_stack.learning.training.progress import Report, estimate_training, track_steps
from drive_stack.support.atomic_files import atomic_file, write_atomically
from drive_stack.support.file_reading import read_regular


class Validation(Protocol):
    """Evaluates the averaged network after each epoch."""

    def evaluate(self, network: nn.Module, epoch: int) -> Mapping[str, float | None]:
        """Return the score of each class, higher is better; None for a class without objects."""
        ...

    def save_best(self) -> None:
        """Save the network evaluated last as the best so far."""
        ...


def learning_rate_at(step: int, total: int, config: DetectorTraining) -> float:
    """Learning rate at a step: a linear warm-up, a constant part, and a linear decay to zero."""
    warm_up = min(1.0, (step + 1) / max(config.warmup_steps, 1))
    decay_steps = max(config.decay_fraction * total, 1.0)
    decay = min(1.0, max(total - step, 0) / decay_steps)
    return config.learning_rate * min(warm_up, decay)


def make_optimizer(network: nn.Module, config: DetectorTraining) -> torch.optim.Optimizer:
    """AdamW with weight decay on the convolutions' weights, but not on biases and normalisation."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    undecayed = [p for p in network.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": undecayed, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)


@dataclass(slots=True)
class DetectorTrainer:
    """The state of a training run."""

    network: nn.Module
    config: DetectorTraining
    report: Report = print
    step: int = 0
    epoch: int = 0
    seconds: float = 0.0  # spent in training so far, by the wall clock
    scores: list[float] = field(default_factory=list)  # mean over the classes after each epoch
    averaged: nn.Module = field(init=False)
    optimizer: torch.optim.Optimizer = field(init=False)
    loss: Any = field(init=False)
    _device: torch.device = field(init=False)

    def __post_init__(self) -> None:
        self._device = training_device()
        self.network.to(self._device)
        self.averaged = copy.deepcopy(self.network).eval()
        self.optimizer = make_optimizer(self.network, self.config)
        self.loss = build_loss(self.network)

    def fit(self, frames: Sequence[StoredFrame], folder: Path, validation: Validation) -> None:
        """Train for the configured number of epochs, or until the score stops improving.

        After each epoch this writes a checkpoint, a line of the log and points of the curves.
        """
        torch.set_num_threads(self.config.threads)
        steps = steps_per_epoch(len(frames), self.config)
        if steps == 0:
            raise ConfigError(f"{len(frames)} frames do not fill one batch of {self.config.batch}")
        # A resumed run may have another number of frames, so the total is counted from the current step.
        remaining = self.config.epochs - self.epoch
        total = self.step + steps * remaining
        estimate = estimate_training(f"training for {remaining} epochs", steps * remaining, self.report)
        with SummaryWriter(str(folder / "curves")) as curves:
            while self.epoch < self.config.epochs and not self._is_stale:
                start = time.perf_counter()
                losses = self._epoch(frames, steps, total, estimate)
                self.epoch += 1
                self.seconds += time.perf_counter() - start
                scores = validation.evaluate(self.averaged, self.epoch)
                known = [score for score in scores.values() if score is not None]
                self.scores.append(sum(known) / max(len(known), 1))
                if is_best(self._losses):
                    validation.save_best()
                self.save(folder / "checkpoint.pt")
                self._log_epoch(losses.tolist(), scores, folder, curves)

    def _log_epoch(
        self, losses: list[float], scores: Mapping[str, float | None], folder: Path, curves: SummaryWriter
    ) -> None:
        """Append an epoch to the log and the curves, and report it."""
        row = {"epoch": self.epoch, "loss": losses, **scores}
        log = folder / "log.jsonl"
        try:
            before = read_regular(log).decode(errors="replace")
        except FileNotFoundError:
            before = ""
        except OSError as error:
            raise read_error(log, error) from None
        write_atomically(log, before + json.dumps(row) + "\n")
        points = dict(zip(("loss/boxes", "loss/classes", "loss/distances"), losses, strict=True))
        known = {name: score for name, score in scores.items() if score is not None}
        for name, value in (points | {f"ap50/{name}": score for name, score in known.items()}).items():
            curves.add_scalar(name, value, self.epoch)
        summary = " ".join(f"{name} {score:.3f}" for name, score in known.items())
        self.report(f"epoch {self.epoch}/{self.config.epochs}: {summary}")

    @property
    def _losses(self) -> list[float]:
        """Negated scores: lower is better."""
        return [-score for score in self.scores]

    @property
    def _is_stale(self) -> bool:
        return is_stale(self._losses, self.config.patience)

    def _epoch(
        self, frames: Sequence[StoredFrame], steps: int, total: int, estimate: FirstEstimate
    ) -> torch.Tensor:
        """Train on every frame once; returns the mean box, class and distance losses."""
        losses = torch.zeros(3)
        cells = [stride / self.config.input_scale for stride in strides(self.network)]
        with track_steps(f"epoch {self.epoch + 1}/{self.config.epochs}", steps, self.report) as advance:
            for batch in epoch_batches(frames, self.config, self.epoch, cells):
                losses += self._step(batch, learning_rate_at(self.step, total, self.config)) / steps
                require_finite("training", float(losses.sum()))
                self.step += 1
                estimate.advance()
                advance("loss " + " ".join(f"{loss:.2f}" for loss in losses.tolist()))
        return losses

    def _step(self, batch: Batch, rate: float) -> torch.Tensor:
        """Update the weights once; returns the box, class and distance losses."""
        self.network.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        images = enlarge(batch.images.to(self._device), self.config.input_scale)
        images = images.contiguous(memory_format=torch.channels_last)
        use_bfloat16 = self.config.bfloat16 and has_bfloat16(self._device)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=use_bfloat16):
            output = self.network(images)
        # a score of −20 has neither loss nor gradient, and is never assigned to an object
        is_ignored = batch.ignored_cells.to(self._device)[:, None]
        scores = output["scores"].float().masked_fill(is_ignored, -20.0)
        predictions = {
            "boxes": output["boxes"].float(),
            "scores": scores,
            "feats": [level.detach().float() for level in output["feats"]],
        }
        targets = {name: value.to(self._device) for name, value in batch.targets.items()}
        loss, items = self.loss(predictions, targets)
        self.optimizer.zero_grad(set_to_none=True)
        (loss.sum() / len(images)).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 10.0, foreach=True)
        self.optimizer.step()
        self._average()
        return torch.stack([value.float().cpu() for value in items.values()])

    @torch.no_grad()
    def _average(self) -> None:
        """Update the averaged weights, with a lower decay in the first steps, when weights change fast."""
        decay = min(self.config.average_decay, (1.0 + self.step) / (10.0 + self.step))
        means = list(self.averaged.state_dict().values())
        values = list(self.network.state_dict().values())
        floating = [index for index, mean in enumerate(means) if mean.is_floating_point()]
        torch._foreach_lerp_([means[i] for i in floating], [values[i] for i in floating], 1.0 - decay)
        for mean, value in zip(means, values, strict=True):
            if not mean.is_floating_point():
                mean.copy_(value)

    def save(self, path: Path) -> None:
        """Write a checkpoint for `load`."""
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "epoch": self.epoch,
            "seconds": self.seconds,
            "scores": self.scores,
        }
        with atomic_file(path) as part:
            torch.save(state, part)

    def load(self, path: Path) -> None:
        """Restore a checkpoint. Raises `ConfigError` if it is missing, unreadable or of another network."""
        keys = ("network", "averaged", "optimizer", "step", "epoch", "seconds")
        state = read_checkpoint(path, keys, self._device)
        try:
            self.network.load_state_dict(state["network"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"{path}: made for another network: {reason}") from None
        self.step, self.epoch = int(state["step"]), int(state["epoch"])
        self.seconds, self.scores = (
            float(state["seconds"]),
            [float(score) for score in state.get("scores", ())],
        )
