"""Training of the lane network."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from drive_stack.config import ConfigError
from drive_stack.learning.averaging import average
from drive_stack.learning.lanes_batches import Labels, LaneBatch, epoch_batches, repeats
from drive_stack.learning.lanes_config import LaneTraining
from drive_stack.learning.lanes_model import LaneNet, Outputs
from drive_stack.perception.lanes_ground import GroundGrid

NEIGHBOUR_SHARE, CROSSABLE_SHARE, ENDS_SHARE = 0.3, 0.5, 0.4  # in the loss


@dataclass(frozen=True, slots=True)
class Trained:
    """The averaged network and how long it took."""

    network: LaneNet
    seconds: float
    loss: float  # mean over the last epoch


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


def train(
    views: NDArray[np.uint8],
    labels: Sequence[Labels],
    config: LaneTraining,
    grid: GroundGrid,
    report: Callable[[str], None] = print,
) -> Trained:
    """Train on ``views`` (N, H, W, 3) with their labels; repeats bit for bit on one machine."""
    rows = repeats(labels, config)
    total = len(rows) // config.batch * config.epochs
    if total == 0:
        raise ConfigError(f"{len(views)} frames do not fill one batch of {config.batch}")
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    network = LaneNet(grid)
    averaged = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(
        network.parameters(), config.learning_rate, weight_decay=config.weight_decay
    )
    reduced = bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
    start, step, mean = time.perf_counter(), 0, 0.0
    for epoch in range(config.epochs):
        mean = 0.0
        for batch in epoch_batches(views, labels, rows, config, epoch, grid):
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step, total, config)
            network.train()
            with torch.autocast("cpu", torch.bfloat16, enabled=reduced):
                outputs = network(batch.views)
            loss = loss_of(outputs, batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            average(averaged, network, min(config.average_decay, (step + 1) / (step + 10)))
            step += 1
            mean += float(loss.detach()) * config.epochs / total
        pace = step * config.batch / (time.perf_counter() - start)
        report(f"epoch {epoch + 1}/{config.epochs}: loss {mean:.3f}, {pace:.0f} views/s")
    return Trained(averaged, time.perf_counter() - start, mean)
