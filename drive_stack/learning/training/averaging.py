"""A moving average of a network's weights while it learns: it is steadier than the weights themselves."""

from __future__ import annotations

import torch
from torch import nn


def average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    """Move ``averaged`` a little towards the present weights of ``network``; counters are copied."""
    with torch.no_grad():
        mine, present = averaged.state_dict(), network.state_dict()
        for name, value in mine.items():
            if value.dtype.is_floating_point:
                value.lerp_(present[name], 1.0 - decay)
            else:
                value.copy_(present[name])
