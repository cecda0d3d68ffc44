"""Training of the end-to-end policy by imitation."""

from __future__ import annotations

import copy
import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.first_estimate import FirstEstimate
from drive_stack.learning.imitation.auxiliary_targets import auxiliary_loss
from drive_stack.learning.imitation.batches import Batch, BatchMaker
from drive_stack.learning.imitation.card_fields import ValidationErrors
from drive_stack.learning.imitation.column_targets import column_loss
from drive_stack.learning.imitation.config import PolicyTraining, Round
from drive_stack.learning.imitation.data import Clips, PolicyData
from drive_stack.learning.imitation.features import trunk_features
from drive_stack.learning.imitation.losses import policy_loss
from drive_stack.learning.imitation.network import PolicyNet
from drive_stack.learning.training.averaging import update_average
from drive_stack.learning.training.checkpoints import read_checkpoint
from drive_stack.learning.training.devices import has_bfloat16, training_device
from drive_stack.learning.training.early_stopping import is_best, is_stale, require_finite
from drive_stack.learning.training.prefetching import prefetched
from drive_stack.learning.training.progress import estimate_training, track_steps
from drive_stack.support.atomic_files import atomic_file, make_folder

WARM_UP = 200  # steps until the full learning rate


@dataclass(frozen=True, slots=True)
class Errors:
    """Mean errors on validation rows."""

    loss: float
    lateral: float  # absolute difference from the expert [m/s²]
    longitudinal: float  # absolute difference from the expert [m/s²]
    auxiliary: float  # loss of the auxiliary targets

    def card_entry(self) -> ValidationErrors:
        """The entry of the card, whose keys are those of the committed cards."""
        return {
            "loss": self.loss,
            "sideways": self.lateral,
            "forward": self.longitudinal,
            "hints": self.auxiliary,
        }


class PolicyTrainer:
    """Trains round by round; writes a checkpoint to ``folder`` after every epoch."""

    def __init__(self, config: PolicyTraining, folder: Path, report: Callable[[str], None] = print) -> None:
        torch.manual_seed(config.seed)
        self._config, self._folder, self.report = config, folder, report
        self._device = training_device()
        self._use_bfloat16 = has_bfloat16(self._device)
        self.network = PolicyNet(config.network).to(self._device)
        self.best = copy.deepcopy(self.network).eval()  # of the round, by validation loss
        self.seconds = 0.0
        make_folder(folder)

    def train_round(
        self,
        training_round: Round,
        data: PolicyData,
        validation: PolicyData,
        *,
        resume: bool,
        passes: int = 1,
    ) -> list[Errors]:
        """Train one round from the weights of the previous one; returns each epoch's validation errors.

        An epoch draws as many rows as ``passes`` times the number of rows in ``data``.
        """
        run = _RoundTraining(self, training_round, data, passes)
        features = self.features(validation) if training_round.frozen else None
        checkpoint = self._folder / f"{training_round.name}.checkpoint.pt"
        if resume and checkpoint.exists():
            run.load(checkpoint)
        with SummaryWriter(str(self._folder / "curves" / training_round.name)) as curves:
            while not run.is_finished():
                start = time.perf_counter()
                loss, rate = run.epoch()
                errors = self.evaluate(run.averaged, validation, features)
                require_finite("validation", errors.loss)
                run.add(errors)
                self.seconds += time.perf_counter() - start
                epoch = len(run.errors)
                points = {"training": loss, "validation": errors.loss, "lateral": errors.lateral}
                points |= {"longitudinal": errors.longitudinal, "auxiliary": errors.auxiliary}
                for name, value in points.items():
                    curves.add_scalar(f"loss/{name}", value, epoch)
                run.save(checkpoint)
                self.report(
                    f"{training_round.name} epoch {epoch}/{training_round.epochs}: loss {loss:.4f}, "
                    f"validation {errors.loss:.4f} (lateral {errors.lateral:.3f}, "
                    f"longitudinal {errors.longitudinal:.3f} m/s², auxiliary {errors.auxiliary:.3f}), "
                    f"{rate:.0f} rows/s"
                )
        self.best.load_state_dict(run.best)
        self.network.load_state_dict(run.best)
        return run.errors

    def features(self, data: PolicyData) -> torch.Tensor:
        """Features of all images by the current trunk."""
        return trunk_features(self.network.trunk, data.packed, self._features_folder).to(self._device)

    def discard_features(self) -> None:
        """Remove stored features, which no further round needs."""
        shutil.rmtree(self._features_folder, ignore_errors=True)

    @property
    def _features_folder(self) -> Path:
        return self._folder / "features"

    def batches(self, data: PolicyData, *, with_images: bool = True) -> BatchMaker:
        """What makes batches of ``data`` for this network; without images if their features are known."""
        ages = self._config.network.ages_in_rows(self._config.every)
        return BatchMaker(data, self.network.layout.views, ages, self._device, with_images)

    def evaluate(self, network: PolicyNet, data: PolicyData, features: torch.Tensor | None = None) -> Errors:
        """Compute the mean errors on all rows of ``data``; ``features`` (N, F) replace the trunk."""
        network.eval()
        sums = np.zeros(4)
        for batch in prefetched(self.batches(data, with_images=features is None).evaluation()):
            with torch.no_grad():
                predicted, auxiliary = self.predict(network, batch, features)
                loss = policy_loss(predicted, batch.target, self._config)
            difference = (predicted - batch.target).abs().sum(dim=0).cpu().numpy()
            sums += [float(loss) * len(batch), *difference, float(auxiliary) * len(batch)]
        return Errors(*(sums / data.rows).tolist())

    @property
    def image_type(self) -> torch.dtype:
        """Of images in training."""
        return torch.bfloat16 if self._use_bfloat16 else torch.float32

    def predict(
        self, network: PolicyNet, batch: Batch, known_features: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Predicted controls (B, 2) and the loss of the auxiliary targets.

        ``known_features`` (N, F) of all rows replace the trunk. The loss is 0 if it has no weight.
        """
        with torch.autocast(
            self._device.type, torch.bfloat16, enabled=self._use_bfloat16 and network.training
        ):
            columns: list[torch.Tensor] = []
            if known_features is not None:
                features = known_features[batch.image_rows].float()
            else:
                features, columns = network.encode(batch.images)
            controls, auxiliary = network.decide_with_auxiliary(features, batch.history, batch.state)
        if self._config.auxiliary_weight == 0.0:
            return controls.float(), torch.zeros((), device=self._device)
        loss = auxiliary_loss(auxiliary.float(), batch.auxiliary)
        for proximities in columns:
            loss = loss + column_loss(proximities.float(), batch.columns)
        return controls.float(), loss


class _RoundTraining:
    """The state of one round."""

    def __init__(self, trainer: PolicyTrainer, training_round: Round, data: PolicyData, passes: int) -> None:
        config = trainer._config
        self._trainer, self._round, self._config = trainer, training_round, config
        self._clips = Clips.of(data, config.clip)
        self._steps = passes * self._clips.steps(config.batch)
        self._features = trainer.features(data) if training_round.frozen else None
        self._maker = trainer.batches(data, with_images=not training_round.frozen)
        network = trainer.network
        self._trained = list(network.head_parameters() if training_round.frozen else network.parameters())
        self._optimizer = torch.optim.AdamW(
            self._trained, config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
        self.averaged = copy.deepcopy(trainer.network).eval()
        self.errors: list[Errors] = []
        self._estimate: FirstEstimate | None = None  # of the epochs that are left when the training starts
        self.best = copy.deepcopy(self.averaged.state_dict())

    @property
    def losses(self) -> list[float]:
        """Validation losses after each epoch."""
        return [epoch.loss for epoch in self.errors]

    def is_finished(self) -> bool:
        """Whether all epochs are done, or the last ones brought nothing in a round that keeps the best."""
        stale = not self._round.keeps_last and is_stale(self.losses, self._config.patience)
        return stale or len(self.errors) >= self._round.epochs

    def add(self, errors: Errors) -> None:
        """Record the errors of an epoch, and its weights if they are the best so far or the last are kept."""
        self.errors.append(errors)
        if self._round.keeps_last or is_best(self.losses):
            self.best = copy.deepcopy(self.averaged.state_dict())

    def epoch(self) -> tuple[float, float]:
        """Train for one epoch; returns the mean loss and the rows per second."""
        config, trainer = self._config, self._trainer
        rng = np.random.default_rng([config.seed, len(self.errors), name_as_integer(self._round.name)])
        torch.manual_seed(int(rng.integers(2**31)))
        trainer.network.train()
        total, start = 0.0, time.perf_counter()
        name, remaining = self._round.name, self._round.epochs - len(self.errors)
        self._estimate = self._estimate or estimate_training(
            f"round {name}, training for {remaining} epochs", self._steps * remaining, trainer.report
        )
        title = f"{name} epoch {len(self.errors) + 1}/{self._round.epochs}"
        with track_steps(title, self._steps, trainer.report) as advance:
            for step, batch in enumerate(prefetched(self.batches(self._steps, rng))):
                total += require_finite("training", self.step(len(self.errors) * self._steps + step, batch))
                self._estimate.advance()
                advance(f"loss {total / (step + 1):.3f}")
        rows = self._steps * config.batch * config.clip
        return total / self._steps, rows / (time.perf_counter() - start)

    def batches(self, steps: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Batches of ``steps`` updates."""
        config, maker = self._config, self._maker
        return maker.training(self._clips, config.batch, steps, config.augment, self._trainer.image_type, rng)

    def step(self, done: int, batch: Batch) -> float:
        """Update the weights once, after ``done`` updates in this round; returns the loss."""
        config, trainer, network = self._config, self._trainer, self._trainer.network
        self._set_rate(done)
        predicted, auxiliary = trainer.predict(network, batch, self._features)
        loss = policy_loss(predicted, batch.target, config) + config.auxiliary_weight * auxiliary
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._trained, 5.0)
        self._optimizer.step()
        update_average(self.averaged, network, min(config.average_decay, (done + 1) / (done + 10)))
        return float(loss.detach())

    def _set_rate(self, step: int) -> None:
        """Set the learning rate: a linear warm-up times a cosine decay."""
        progress = step / (self._steps * self._round.epochs)
        rate = self._config.learning_rate * min((step + 1) / WARM_UP, 1.0)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * max(0.5 * (1.0 + math.cos(math.pi * progress)), 0.01)

    def save(self, path: Path) -> None:
        """Write a checkpoint atomically: if the process is killed, the previous one remains."""
        content = {
            "network": self._trainer.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "best": self.best,
            "optimizer": self._optimizer.state_dict(),
            "errors": [astuple(epoch) for epoch in self.errors],
            "seconds": self._trainer.seconds,
        }
        with atomic_file(path) as part:
            torch.save(content, part)

    def load(self, path: Path) -> None:
        """Restore a checkpoint of the same round. Raises `ConfigError` if it cannot be used."""
        keys = ("network", "averaged", "best", "optimizer", "errors", "seconds")
        content = read_checkpoint(path, keys, "cpu")
        try:
            self._trainer.network.load_state_dict(content["network"])
            self.averaged.load_state_dict(content["averaged"])
            self._optimizer.load_state_dict(content["optimizer"])
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"{path}: made for another network: {reason}") from None
        self.best = content["best"]
        self.errors = [Errors(*values) for values in content["errors"]]
        self._trainer.seconds = float(content["seconds"])


def name_as_integer(name: str) -> int:
    """Integer of a name's first seven bytes, to seed generators; the same in every process."""
    return int.from_bytes(name.encode()[:7], "little")
