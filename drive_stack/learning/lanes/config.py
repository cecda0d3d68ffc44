"""Settings of the lane network's training, read from ``configs/training/lanes.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from drive_stack.bounds import Batch, Epochs, Fraction, Frames, PositiveDuration, Threads, TorchSeed
from drive_stack.config import StrictModel
from drive_stack.datasets.frames.settings import FrameSettings
from drive_stack.seeds import SeedCount

COMMAND = "python run_sim.py train lanes"
Count = Annotated[int, Field(ge=1)]


class DriveSettings(StrictModel):
    """Validation episodes on which the filtered estimate is evaluated."""

    seeds: SeedCount = 2
    seconds: PositiveDuration = 12.0


class EndingSettings(StrictModel):
    """Scenarios with ending lanes: additional frames, and drives to evaluate the estimated ends."""

    scenarios: tuple[str, ...] = ("lane_drop", "merge")
    training: Frames = 960  # frames in addition to the detector's
    drives: DriveSettings = DriveSettings(seeds=3, seconds=40.0)


class LaneTraining(StrictModel):
    """All settings of a training run."""

    seed: TorchSeed = 0
    frames: FrameSettings = FrameSettings()
    epochs: Epochs = 8
    batch: Batch = 32
    learning_rate: Annotated[float, Field(gt=0.0)] = 0.003
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.02
    warmup_fraction: Fraction = 0.05
    average_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.995
    patience: Epochs = 3  # epochs without a better validation loss that end the training
    threads: Threads = 2
    hidden_weight: Fraction = 0.3
    max_shift: Annotated[float, Field(ge=0.0, le=3.0)] = 1.0  # [m]
    erased_fraction: Fraction = 0.3
    degraded_fraction: Fraction = 0.04
    lane_end_repeats: Batch = 2
    barrier_repeats: Batch = 2
    confidence_every: Batch = 6  # every n-th validation frame is used to evaluate the confidence
    calibration_views: Frames = 300  # training views that set the ranges of the 8-bit values
    drives: DriveSettings = DriveSettings()
    ending: EndingSettings = EndingSettings()
