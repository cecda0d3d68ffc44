"""A moving average of a network's weights during training; it varies less than the weights themselves."""

from __future__ import annotations

import torch
from torch import nn


def update_average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    """Set each weight of ``averaged`` to ``decay · average + (1 − decay) · weight``; copy counters."""
    with torch.no_grad():
        averages, weights = averaged.state_dict(), network.state_dict()
        for name, value in averages.items():
            if value.dtype.is_floating_point:
                value.lerp_(weights[name], 1.0 - decay)
            else:
                value.copy_(weights[name])
