"""Baseline drivers that ignore the road: the lower bound for every other driver."""

from __future__ import annotations

import numpy as np

from drive_stack.interfaces import Platform
from drive_stack.types import Control, Observation, StepTrace


class ConstantAgent:
    """Steers straight and holds its initial speed."""

    name = "constant"
    privileged = False
    uses_camera = False
    trace: StepTrace | None = None

    def __init__(self, platform: Platform) -> None:
        self._car = platform.car
        self._speed: float | None = None

    def reset(self, seed: int) -> None:  # noqa: ARG002 - required by the protocol
        """Make the next observed speed the target speed."""
        self._speed = None

    def act(self, observation: Observation) -> Control:
        """Steer straight; proportional control of the speed."""
        if self._speed is None:
            self._speed = observation.speed
        acceleration = 0.8 * (self._speed - observation.speed)
        return Control(
            0.0, float(np.clip(acceleration, self._car.min_acceleration, self._car.max_acceleration))
        )


class RandomAgent:
    """Draws random steering and pedals at each step; the angles are small, so that the car makes progress."""

    name = "random"
    privileged = False
    uses_camera = False
    trace: StepTrace | None = None

    def __init__(self, platform: Platform) -> None:
        self._car = platform.car
        self._rng = np.random.default_rng(0)

    def reset(self, seed: int) -> None:
        """Restart the random generator; the same seed gives the same actions."""
        self._rng = np.random.default_rng(seed)

    def act(self, observation: Observation) -> Control:  # noqa: ARG002 - it ignores the observation
        """Draw steering and acceleration independently of the observation."""
        return Control(
            steering=float(self._rng.normal(0.0, 0.02)),
            acceleration=float(
                self._rng.uniform(self._car.min_acceleration / 4.0, self._car.max_acceleration)
            ),
        )
