"""The camera keys of a scenario: errors of the mounting, motion of the body, late and lost frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np

from drive_stack.config import StrictModel
from drive_stack.world_state import MountingError

from .quantity import Quantity, fixed, within

AngleError: TypeAlias = Annotated[Quantity, within(-5.0, 5.0)]  # [°]
HeightError: TypeAlias = Annotated[Quantity, within(-0.5, 0.5)]  # [m]
Delay: TypeAlias = Annotated[Quantity, within(0.0, 2.0)]  # [s]
DroppedFraction: TypeAlias = Annotated[Quantity, within(0.0, 0.9)]


@dataclass(frozen=True, slots=True)
class CameraLatency:
    """How late the frames of an episode arrive at the driver, and which are lost on the way."""

    delay: float = 0.0  # time from the exposure to the arrival [s]
    dropped_fraction: float = 0.0  # probability that a frame is lost, independent of the others
    seed: int = 0  # of the draws which frames are lost


class CameraSpec(StrictModel):
    """How the true camera differs from the nominal one that drivers assume."""

    pitch_error_deg: AngleError = fixed(0.0)  # positive down
    roll_error_deg: AngleError = fixed(0.0)  # positive to the right
    height_error: HeightError = fixed(0.0)  # [m]
    body_motion: bool = False  # the body pitches when the car brakes, and rolls in curves
    delay: Delay = fixed(0.0)  # from the exposure of a frame to its arrival [s]
    dropped_fraction: DroppedFraction = fixed(0.0)  # of the frames, which are lost on the way

    def draw(self, rng: np.random.Generator) -> MountingError:
        """Draw the mounting of one episode."""
        return MountingError(
            self.pitch_error_deg.draw(rng), self.roll_error_deg.draw(rng), self.height_error.draw(rng)
        )

    def draw_latency(self, rng: np.random.Generator) -> CameraLatency:
        """Draw the latency of one episode."""
        return CameraLatency(self.delay.draw(rng), self.dropped_fraction.draw(rng), int(rng.integers(2**31)))
