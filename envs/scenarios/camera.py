"""The camera keys of a scenario: errors of the mounting, and whether the body moves on its suspension."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import numpy as np

from drive_stack.config import StrictModel
from drive_stack.world_state import MountingError

from .quantity import Quantity, fixed, within

AngleError: TypeAlias = Annotated[Quantity, within(-5.0, 5.0)]  # [°]
HeightError: TypeAlias = Annotated[Quantity, within(-0.5, 0.5)]  # [m]


class CameraSpec(StrictModel):
    """How the true camera differs from the nominal one that drivers assume."""

    pitch_error_deg: AngleError = fixed(0.0)  # positive down
    roll_error_deg: AngleError = fixed(0.0)  # positive to the right
    height_error: HeightError = fixed(0.0)  # [m]
    body_motion: bool = False  # the body pitches when the car brakes, and rolls in curves

    def draw(self, rng: np.random.Generator) -> MountingError:
        """Draw the mounting of one episode."""
        return MountingError(
            self.pitch_error_deg.draw(rng), self.roll_error_deg.draw(rng), self.height_error.draw(rng)
        )
