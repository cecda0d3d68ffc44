"""The imitation loss of the policy's controls."""

from __future__ import annotations

from typing import Protocol

import torch
from torch.nn import functional

from drive_stack.learning.imitation.sampling import BRAKING

# Errors below these limits enter the Huber loss squared [m/s²]. Where braking and not braking are both
# possible, absolute errors would yield the more frequent answer, which is not to brake; squared errors yield
# early, mild braking.
LATERAL_DELTA, LONGITUDINAL_DELTA = 0.2, 1.0


class LossWeights(Protocol):
    """The weights of the loss, which the configurations of trainings have."""

    @property
    def lateral_weight(self) -> float:
        """Weight of steering, as lateral acceleration."""
        ...

    @property
    def longitudinal_weight(self) -> float:
        """Weight of the pedals, as longitudinal acceleration."""
        ...

    @property
    def underbraking_weight(self) -> float:
        """Factor where it brakes less than the expert."""
        ...


def policy_loss(predicted: torch.Tensor, target: torch.Tensor, weights: LossWeights) -> torch.Tensor:
    """Weighted Huber loss of the lateral and longitudinal accelerations; both arguments are (B, 2) [m/s²].

    Braking too little costs ``weights.underbraking_weight`` times as much as braking too much.
    """
    lateral = functional.smooth_l1_loss(predicted[:, 0], target[:, 0], beta=LATERAL_DELTA)
    longitudinal = functional.smooth_l1_loss(
        predicted[:, 1], target[:, 1], beta=LONGITUDINAL_DELTA, reduction="none"
    )
    brakes_too_little = (target[:, 1] < BRAKING) & (predicted[:, 1] > target[:, 1])
    longitudinal = torch.where(
        brakes_too_little, weights.underbraking_weight * longitudinal, longitudinal
    ).mean()
    return weights.lateral_weight * lateral + weights.longitudinal_weight * longitudinal
