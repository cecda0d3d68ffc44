"""Training of the detector: a lean loop around ultralytics' network and loss.

Its own loop, for windows that are not square, for objects to be ignored, and for a learning rate
that holds until it falls at the end: so a run can be stopped and resumed with fewer or more epochs.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from drive_stack.config import ConfigError
from drive_stack.learning.detector_batches import Batch, epoch_batches, steps_per_epoch
from drive_stack.learning.detector_config import DetectorTraining
from drive_stack.learning.detector_network import build_loss, enlarged, strides
from drive_stack.learning.frame_store import StoredFrame

Report = Callable[[str], None]
AfterEpoch = Callable[[nn.Module, int], Mapping[str, float]]


def rate_at(step: int, total: int, config: DetectorTraining) -> float:
    """Learning rate: rises over the warm-up, holds, falls to zero along a line at the end."""
    rise = min(1.0, (step + 1) / max(config.warmup_steps, 1))
    falling = max(config.decay_share * total, 1.0)
    fall = min(1.0, max(total - step, 0) / falling)
    return config.learning_rate * min(rise, fall)


def make_optimizer(network: nn.Module, config: DetectorTraining) -> torch.optim.Optimizer:
    """AdamW; the weights of convolutions decay, biases and normalisation do not."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    free = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 in hardware; emulated it is slower than float32."""
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


@dataclass(slots=True)
class Trainer:
    """The state of one run."""

    network: nn.Module
    config: DetectorTraining
    report: Report = print
    step: int = 0
    epoch: int = 0
    seconds: float = 0.0  # spent in training so far, by the wall clock
    averaged: nn.Module = field(init=False)
    optimizer: torch.optim.Optimizer = field(init=False)
    loss: Any = field(init=False)

    def __post_init__(self) -> None:
        self.averaged = copy.deepcopy(self.network).eval()
        self.optimizer = make_optimizer(self.network, self.config)
        self.loss = build_loss(self.network)

    def fit(self, frames: Sequence[StoredFrame], folder: Path, after_epoch: AfterEpoch) -> None:
        """Train to the configured epochs, with a checkpoint and a line of the log after each."""
        torch.set_num_threads(self.config.threads)
        steps = steps_per_epoch(len(frames), self.config)
        if steps == 0:
            raise ConfigError(f"{len(frames)} frames do not fill one batch of {self.config.batch}")
        # counted from here: a resumed run may have other frames than before
        total = self.step + steps * (self.config.epochs - self.epoch)
        while self.epoch < self.config.epochs:
            start, losses = time.perf_counter(), torch.zeros(3)
            cells = [stride / self.config.input_scale for stride in strides(self.network)]
            batches = epoch_batches(frames, self.config, self.epoch, cells)
            for done, batch in enumerate(batches, start=1):
                losses += self._step(batch, rate_at(self.step, total, self.config)) / steps
                self.step += 1
                if done % 50 == 0:
                    spent = time.perf_counter() - start
                    mean = (losses * steps / done).tolist()
                    pace = done * self.config.batch / spent
                    self.report(f"epoch {self.epoch + 1} step {done}/{steps} loss {mean} {pace:.0f} images/s")
            self.epoch += 1
            self.seconds += time.perf_counter() - start
            self.save(folder / "checkpoint.pt")
            scores = dict(after_epoch(self.averaged, self.epoch))
            row = {"epoch": self.epoch, "loss": losses.tolist(), **scores}
            with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(row) + "\n")
            words = " ".join(f"{name} {value:.3f}" for name, value in scores.items())
            self.report(f"epoch {self.epoch}/{self.config.epochs}: {words}")

    def _step(self, batch: Batch, rate: float) -> torch.Tensor:
        """One update; returns the box, class and distance losses."""
        self.network.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        images = enlarged(batch.images, self.config.input_scale)
        images = images.contiguous(memory_format=torch.channels_last)
        use_bfloat16 = self.config.bfloat16 and has_bfloat16()
        with torch.autocast("cpu", torch.bfloat16, enabled=use_bfloat16):
            output = self.network(images)
        # a score of −20 has neither a loss nor a gradient, and is never assigned to an object
        scores = output["scores"].float().masked_fill(batch.unpunished[:, None], -20.0)
        predictions = {
            "boxes": output["boxes"].float(),
            "scores": scores,
            "feats": [level.detach().float() for level in output["feats"]],
        }
        loss, items = self.loss(predictions, batch.targets)
        self.optimizer.zero_grad(set_to_none=True)
        (loss.sum() / len(images)).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 10.0, foreach=True)
        self.optimizer.step()
        self._average()
        return torch.stack([value.float().cpu() for value in items.values()])

    @torch.no_grad()
    def _average(self) -> None:
        """Move the averaged weights; at first quickly, while the network still changes much."""
        keep = min(self.config.average_decay, (1.0 + self.step) / (10.0 + self.step))
        means = list(self.averaged.state_dict().values())
        values = list(self.network.state_dict().values())
        smooth = [index for index, mean in enumerate(means) if mean.is_floating_point()]
        torch._foreach_lerp_([means[i] for i in smooth], [values[i] for i in smooth], 1.0 - keep)
        for mean, value in zip(means, values, strict=True):
            if not mean.is_floating_point():
                mean.copy_(value)

    def save(self, path: Path) -> None:
        """Write all that `load` needs to go on."""
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "epoch": self.epoch,
            "seconds": self.seconds,
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.rename(path)

    def load(self, path: Path) -> None:
        """Go on where a checkpoint left off; raises `ConfigError` where there is none that fits."""
        if not path.is_file():
            raise ConfigError(f"{path}: no checkpoint to resume from")
        state = torch.load(path, weights_only=True)
        try:
            self.network.load_state_dict(state["network"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError) as error:
            raise ConfigError(f"{path}: made for another network: {error}") from None
        self.step, self.epoch = int(state["step"]), int(state["epoch"])
        self.seconds = float(state["seconds"])
