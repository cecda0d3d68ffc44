"""Settings of the training, read from files such as ``configs/training/mid_to_end.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from drive_stack.bounds import Batch, Epochs, Fraction, Speed, TorchSeed
from drive_stack.config import StrictModel
from drive_stack.learning.imitation.config import BalanceSettings, Count, Positive

COMMAND = "python run_sim.py train mid_to_end"


class TrackNetSettings(StrictModel):
    """The size of the network."""

    track_features: Count = 64  # of each track
    heads: Count = 4  # of the attention over the tracks
    hidden: Annotated[tuple[Count, ...], Field(min_length=1)] = (128, 64)  # widths of the layers after it
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1

    @model_validator(mode="after")
    def _heads_share_the_features(self) -> TrackNetSettings:
        if self.track_features % self.heads:
            raise ValueError("track_features: must be a multiple of heads")
        return self


class TrackAugmentSettings(StrictModel):
    """Random changes of the inputs that leave the targets unchanged."""

    speed: Speed = 0.5  # standard deviation of the speed's error [m/s]
    yaw_rate_dropout: Fraction = 0.5  # of rows without yaw rate, because that reveals the steering
    history_dropout: Fraction = 0.5  # of rows without past motion, because that reveals the pedals
    track_dropout: Fraction = 0.02  # of tracks that are left out


class MidToEndTraining(StrictModel):
    """All settings of a training."""

    network: TrackNetSettings = TrackNetSettings()
    recordings: Annotated[tuple[str, ...], Field(min_length=1)]  # names of their folders
    validation: str = "validation"
    perception: tuple[str, ...] = ()  # KEY=VALUE overrides of the driver's perception
    every: Batch = 2  # simulation steps between recorded rows
    epochs: Epochs = 30
    batch: Batch = 256  # rows per step
    learning_rate: Positive = 1.0e-3
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.01
    average_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.998
    patience: Epochs = 5
    lateral_weight: Positive = 3.0
    longitudinal_weight: Positive = 3.0
    underbraking_weight: Positive = 2.0  # loss factor when it brakes less than the expert
    balance: BalanceSettings = BalanceSettings()
    augment: TrackAugmentSettings = TrackAugmentSettings()
    seed: TorchSeed = 0
