"""Training of the end-to-end policy by imitation."""

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
from torch.nn import functional
from torch.utils.tensorboard import SummaryWriter

from drive_stack.errors import ConfigError
from drive_stack.learning.imitation.auxiliary_targets import hint_loss
from drive_stack.learning.imitation.columns import columns_loss
from drive_stack.learning.imitation.config import AugmentSettings, PolicyTraining, Round
from drive_stack.learning.imitation.data import BRAKING, Clips, PolicyData, seen_rows
from drive_stack.learning.imitation.features import features_of
from drive_stack.learning.imitation.network import PolicyNet
from drive_stack.learning.training.averaging import update_average
from drive_stack.learning.training.checkpoints import read_checkpoint
from drive_stack.learning.training.devices import has_bfloat16, training_device
from drive_stack.learning.training.early_stopping import is_best, is_stale
from drive_stack.learning.training.progress import track_steps
from drive_stack.policy.numbers import SPEED, STATE_NAMES
from drive_stack.support.atomic_files import make_folder, whole_file

# Errors below it count by their square [m/s²]. Where it is open whether to brake, least absolute errors would
# answer what is likelier, which is not to; least squares brake a little, and that soon.
SIDEWAYS_SOFT, FORWARD_SOFT = 0.2, 1.0
_SPEED, _YAW, _BELOW = (STATE_NAMES.index(name) for name in ("speed", "yaw rate", "below the limit"))
WARM_UP = 200  # steps until the full learning rate


@dataclass(frozen=True, slots=True)
class Errors:
    """Mean absolute differences from the expert on frames that were not learnt from [m/s²]."""

    loss: float
    sideways: float
    forward: float
    hints: float  # loss of the answers to hints


class PolicyTrainer:
    """Learns round by round; what it knows is in ``folder`` after every epoch."""

    def __init__(self, config: PolicyTraining, folder: Path, report: Callable[[str], None] = print) -> None:
        torch.manual_seed(config.seed)
        self._config, self._folder, self.report = config, folder, report
        self._device = training_device()
        self._reduced = has_bfloat16(self._device)
        self.network = PolicyNet(config.network).to(self._device)
        self.best = copy.deepcopy(self.network).eval()  # of the round, by validation
        self.seconds = 0.0
        make_folder(folder)

    def learn(self, one: Round, data: PolicyData, validation: PolicyData, *, resume: bool) -> list[Errors]:
        """A round: from what the one before knew. Returns the validation errors after each epoch."""
        run = _Run(self, one, data)
        known = self.features(validation) if one.frozen else None
        checkpoint = self._folder / f"{one.name}.checkpoint.pt"
        if resume and checkpoint.exists():
            run.load(checkpoint)
        with SummaryWriter(str(self._folder / "curves" / one.name)) as curves:
            while len(run.errors) < one.epochs and not is_stale(run.losses, self._config.patience):
                start = time.perf_counter()
                loss, pace = run.epoch()
                found = self.judge(run.averaged, validation, known)
                run.note(found)
                self.seconds += time.perf_counter() - start
                epoch = len(run.errors)
                shown = {"training": loss, "validation": found.loss}
                shown |= {"sideways": found.sideways, "forward": found.forward, "hints": found.hints}
                for name, value in shown.items():
                    curves.add_scalar(f"loss/{name}", value, epoch)
                self.report(
                    f"{one.name} epoch {epoch}/{one.epochs}: loss {loss:.4f}, validation {found.loss:.4f} "
                    f"(sideways {found.sideways:.3f}, forward {found.forward:.3f} m/s², "
                    f"hints {found.hints:.3f}), {pace:.0f} rows/s"
                )
                run.save(checkpoint)
        self.best.load_state_dict(run.best)
        self.network.load_state_dict(run.best)
        return run.errors

    def features(self, data: PolicyData) -> torch.Tensor:
        """What the trunk, as it is now, makes of every picture."""
        return features_of(self.network.trunk, data.packed, self._folder / "views").to(self._device)

    def judge(self, network: PolicyNet, data: PolicyData, known: torch.Tensor | None = None) -> Errors:
        """Errors of every row of ``data``, whose pictures' features may be ``known`` already."""
        network.eval()
        ages, sums, count = self.ages, np.zeros(4), 0
        for begin in range(0, data.rows, 256):
            first = np.arange(begin, min(begin + 256, data.rows))
            with torch.no_grad():
                asked, target, hints = self.predicted(network, data, first, 1, ages, None, known)
                loss = loss_of(asked, target, self._config)
            apart = (asked - target).abs().sum(dim=0).cpu().numpy()
            sums += [float(loss) * len(first), *apart, float(hints) * len(first)]
            count += len(first)
        return Errors(*(sums / count).tolist())

    @property
    def ages(self) -> list[int]:
        """Of the pictures seen, in recorded rows."""
        return [round(age / (0.1 * self._config.every)) for age in self._config.network.history]

    def predicted(
        self,
        network: PolicyNet,
        data: PolicyData,
        first: NDArray[np.int64],
        length: int,
        ages: Sequence[int],
        rng: np.random.Generator | None,
        known: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What the network asks for in clips, what the expert does, and the loss of its answers to hints.

        With ``rng`` appearances are changed, as for learning; but not those of ``known`` features.
        """
        needed, place = seen_rows(first, length, ages, data.begin)
        rows = (first[:, None] + np.arange(length)).reshape(-1)
        state = torch.from_numpy(data.state[rows]).to(self._device)
        target = torch.from_numpy(data.target[rows]).to(self._device)
        if rng is not None:
            state = changed_state(state, length, self._config.augment, rng)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._reduced and rng is not None):
            columns: list[torch.Tensor] = []
            if known is not None:
                features = known[torch.from_numpy(needed)].float()
            else:
                features, columns = network.look(self._planes(network, data, needed, rng))
            asked, answers = network.decide_and_tell(
                features, torch.from_numpy(place).to(self._device), state
            )
        told = hint_loss(answers.float(), torch.from_numpy(data.hints[rows]).to(self._device))
        for one in columns:
            truth = torch.from_numpy(data.columns[needed]).to(self._device)
            told = told + columns_loss(one.float(), truth.float())
        return asked.float(), target, told

    def _planes(
        self,
        network: PolicyNet,
        data: PolicyData,
        needed: NDArray[np.int64],
        rng: np.random.Generator | None,
    ) -> list[torch.Tensor]:
        """The pictures of some rows, unpacked."""
        packed = torch.from_numpy(data.packed[needed]).to(self._device)
        planes = [
            plane.contiguous(memory_format=torch.channels_last) for plane in network.trunk.planes(packed)
        ]
        if rng is None:
            return planes
        return changed_looks(planes, needed, data.begin, self._config.augment, rng)


class _Run:
    """One round under way."""

    def __init__(self, trainer: PolicyTrainer, one: Round, data: PolicyData) -> None:
        config = trainer._config
        self._trainer, self._round, self._data, self._config = trainer, one, data, config
        self._clips = Clips.of(data, config.clip)
        self._steps = max(len(self._clips.first) // 2 // config.batch, 1)  # clips lie half over one another
        self._known = trainer.features(data) if one.frozen else None
        learning = trainer.network.head_parameters() if one.frozen else trainer.network.parameters()
        self._optimizer = torch.optim.AdamW(learning, config.learning_rate, weight_decay=config.weight_decay)
        self.averaged = copy.deepcopy(trainer.network).eval()
        self.errors: list[Errors] = []
        self.best = copy.deepcopy(self.averaged.state_dict())

    @property
    def losses(self) -> list[float]:
        """Of validation, after each epoch."""
        return [errors.loss for errors in self.errors]

    def note(self, errors: Errors) -> None:
        """Keep the weights where they are the best so far."""
        self.errors.append(errors)
        if is_best(self.losses):
            self.best = copy.deepcopy(self.averaged.state_dict())

    def epoch(self) -> tuple[float, float]:
        """Mean loss, and rows a second."""
        config, trainer, network = self._config, self._trainer, self._trainer.network
        rng = np.random.default_rng([config.seed, len(self.errors), hash_of(self._round.name)])
        torch.manual_seed(int(rng.integers(2**31)))
        network.train()
        total, start = 0.0, time.perf_counter()
        what = f"{self._round.name} epoch {len(self.errors) + 1}/{self._round.epochs}"
        with track_steps(what, self._steps, trainer.report) as advance:
            for step in range(self._steps):
                total += self._step(len(self.errors) * self._steps + step, rng)
                advance(f"loss {total / (step + 1):.3f}")
        rows = self._steps * config.batch * config.clip
        return total / self._steps, rows / (time.perf_counter() - start)

    def _step(self, done: int, rng: np.random.Generator) -> float:
        """One update, after ``done`` others of the round; returns the loss."""
        config, trainer, network = self._config, self._trainer, self._trainer.network
        self._set_rate(done)
        first = self._clips.draw(config.batch, rng)
        asked, target, hints = trainer.predicted(
            network, self._data, first, config.clip, trainer.ages, rng, self._known
        )
        loss = loss_of(asked, target, config) + config.hint_weight * hints
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        self._optimizer.step()
        update_average(self.averaged, network, min(config.average_decay, (done + 1) / (done + 10)))
        return float(loss.detach())

    def _set_rate(self, step: int) -> None:
        """A short rise, then half a cosine down."""
        share = step / (self._steps * self._round.epochs)
        rate = self._config.learning_rate * min((step + 1) / WARM_UP, 1.0)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * max(0.5 * (1.0 + math.cos(math.pi * share)), 0.01)

    def save(self, path: Path) -> None:
        """In one stroke, so that a kill leaves the checkpoint before."""
        content = {
            "network": self._trainer.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "best": self.best,
            "optimizer": self._optimizer.state_dict(),
            "errors": [(one.loss, one.sideways, one.forward, one.hints) for one in self.errors],
            "seconds": self._trainer.seconds,
        }
        with whole_file(path) as part:
            torch.save(content, part)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same round."""
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
        self.errors = [Errors(*one) for one in content["errors"]]
        self._trainer.seconds = float(content["seconds"])


def hash_of(name: str) -> int:
    """A number for a name, the same in every process."""
    return int.from_bytes(name.encode()[:7], "little")


def loss_of(asked: torch.Tensor, target: torch.Tensor, config: PolicyTraining) -> torch.Tensor:
    """Huber's loss of both accelerations, weighted; too little braking weighs more than too much."""
    sideways = functional.smooth_l1_loss(asked[:, 0], target[:, 0], beta=SIDEWAYS_SOFT)
    forward = functional.smooth_l1_loss(asked[:, 1], target[:, 1], beta=FORWARD_SOFT, reduction="none")
    too_fast = (target[:, 1] < BRAKING) & (asked[:, 1] > target[:, 1])
    forward = torch.where(too_fast, config.too_fast_weight * forward, forward).mean()
    return config.sideways_weight * sideways + config.acceleration_weight * forward


def changed_looks(
    planes: list[torch.Tensor],
    rows: NDArray[np.int64],
    begin: NDArray[np.int64],
    augment: AugmentSettings,
    rng: np.random.Generator,
) -> list[torch.Tensor]:
    """Brightness, tint and noise, in place; alike for all pictures of an episode, as a camera's are."""
    _, episode = np.unique(begin[rows], return_inverse=True)
    count = int(episode.max()) + 1
    gain = (
        1.0
        + rng.uniform(-augment.gain, augment.gain, (count, 1))
        + rng.uniform(-augment.tint, augment.tint, (count, 3))
    )
    shift = rng.uniform(-augment.gain, augment.gain, (count, 1)).repeat(3, axis=1)
    scale, offset = (
        torch.from_numpy(values[episode].astype(np.float32))[:, :, None, None].to(planes[0].device)
        for values in (gain, shift)
    )
    strength = float(rng.uniform(0.0, augment.noise))
    for one in planes:  # in place, and one noise for all: memory is what this takes most of
        one.mul_(scale).add_(offset).add_(strength * torch.randn_like(one[:1])).clamp_(-1.0, 1.0)
    return planes


def changed_state(
    state: torch.Tensor, length: int, augment: AugmentSettings, rng: np.random.Generator
) -> torch.Tensor:
    """The speed read wrongly, and in some clips no yaw rate, which would tell what is steered anyway."""
    clips = len(state) // length
    changed = state.clone()
    wrong = torch.from_numpy(
        np.repeat(rng.normal(0.0, augment.speed / SPEED, clips), length).astype(np.float32)
    )
    changed[:, _SPEED] += wrong
    changed[:, _BELOW] -= wrong
    unseen = torch.from_numpy(np.repeat(rng.random(clips) < augment.blind_to_yaw, length)).to(state.device)
    changed[unseen, _YAW] = 0.0
    return changed
