"""What people choose about making the lane network; read from ``configs/training/lanes.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from drive_stack.bounds import Batch, Epochs, Frames, PositiveDuration, Threads, TorchSeed
from drive_stack.config import StrictModel
from drive_stack.datasets.frames.settings import FrameSettings
from drive_stack.seeds import SeedCount

COMMAND = "python run_sim.py train lanes"
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]


class DriveSettings(StrictModel):
    """Validation episodes on which the filtered estimate is judged."""

    seeds: SeedCount = 2
    seconds: PositiveDuration = 12.0


class EndingSettings(StrictModel):
    """Scenarios whose lanes end: more frames of them, and drives on which the ends are judged."""

    scenarios: tuple[str, ...] = ("lane_drop", "merge")
    training: Frames = 960  # frames beyond the detector's
    drives: DriveSettings = DriveSettings(seeds=3, seconds=40.0)


class LaneTraining(StrictModel):
    """All of it."""

    seed: TorchSeed = 0
    frames: FrameSettings = FrameSettings()
    epochs: Epochs = 8
    batch: Batch = 32
    learning_rate: Annotated[float, Field(gt=0.0)] = 0.003
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.02
    warmup_share: Share = 0.05
    average_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.995
    patience: Epochs = 3  # epochs without a better validation loss that end it
    threads: Threads = 2
    hidden_weight: Share = 0.3
    largest_shift: Annotated[float, Field(ge=0.0, le=3.0)] = 1.0  # [m]
    erased_share: Share = 0.3
    spoilt_share: Share = 0.04
    ending_times: Batch = 2
    barrier_times: Batch = 2
    confidence_every: Batch = 6  # validation frames, of which the confidence is read
    drives: DriveSettings = DriveSettings()
    ending: EndingSettings = EndingSettings()
