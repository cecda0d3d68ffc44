"""A moving average of a network's weights during training; it varies less than the weights themselves."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


def update_average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    """Set each weight of ``averaged`` to ``decay · average + (1 − decay) · weight``; copy counters."""
    averages, weights = averaged.state_dict(), network.state_dict()
    blended = [name for name, value in averages.items() if value.dtype.is_floating_point]
    with torch.no_grad():
        blend = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        blend([averages[name] for name in blended], [weights[name] for name in blended], 0)
        for name in averages.keys() - blended:
            averages[name].copy_(weights[name])
