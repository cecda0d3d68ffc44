"""Settings of the training of affordances, read from files such as ``configs/training/affordances.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from drive_stack.bounds import Batch, Epochs, TorchSeed
from drive_stack.config import StrictModel
from drive_stack.learning.imitation.config import AugmentSettings, BalanceSettings, NetworkSettings, Positive

COMMAND = "python run_sim.py train affordances"


class AffordanceTraining(StrictModel):
    """All settings of a training."""

    network: NetworkSettings  # trunk and head, as those of the end-to-end policy
    recordings: Annotated[tuple[str, ...], Field(min_length=1)]  # names of their folders
    validation: str = "validation"
    every: Batch = 2  # simulation steps between recorded rows
    epochs: Epochs = 10
    clip: Batch = 12  # consecutive rows that are predicted together
    batch: Batch = 6  # clips per step
    learning_rate: Positive = 1.0e-3
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.01
    average_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.998
    patience: Epochs = 3
    flag_weight: Positive = 0.5  # of the flags' loss
    column_weight: Annotated[float, Field(ge=0.0)] = 1.0  # of the loss of the targets by image column
    balance: BalanceSettings = BalanceSettings()
    augment: AugmentSettings = AugmentSettings()
    seed: TorchSeed = 0
