"""Which frames are recorded; part of ``configs/training/detector.yaml`` and ``lanes.yaml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from drive_stack.bounds import Frames, Workers
from drive_stack.config import StrictModel


class FrameSettings(StrictModel):
    """Numbers of frames, their scenarios and the time between them."""

    training: Frames = 7000
    validation: Frames = 1000
    per_episode: Frames = 12
    interval: tuple[float, float] = (0.5, 1.5)  # range of the time between two candidate frames [s]
    # scenario → its number of episodes in each pass over all scenarios; 1 for scenarios that are not listed
    times: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    workers: Workers = 2
    # scenario file next to the configuration, used only for training → its number of episodes
    scenes: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ordered(self) -> FrameSettings:
        if not 0.0 < self.interval[0] <= self.interval[1]:
            raise ValueError("interval: expected 0 < low ≤ high")
        return self
