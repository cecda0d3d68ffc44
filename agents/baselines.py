"""Drivers that know nothing: the least any other must beat."""

from __future__ import annotations

import numpy as np

from drive_stack.interfaces import Platform
from drive_stack.types import Control, Observation, StepTrace


class ConstantAgent:
    """Steers straight and holds the speed it began with."""

    name = "constant"
    privileged = False
    looks = False
    trace: StepTrace | None = None

    def __init__(self, platform: Platform) -> None:
        self._car = platform.car
        self._speed: float | None = None

    def reset(self, seed: int) -> None:  # noqa: ARG002 - the protocol's
        """Take the first speed seen as the one to hold."""
        self._speed = None

    def act(self, observation: Observation) -> Control:
        """Proportional speed hold."""
        if self._speed is None:
            self._speed = observation.speed
        wanted = 0.8 * (self._speed - observation.speed)
        return Control(0.0, float(np.clip(wanted, self._car.min_acceleration, self._car.max_acceleration)))


class RandomAgent:
    """Draws steering and pedals afresh each step, small angles so that it gets somewhere."""

    name = "random"
    privileged = False
    looks = False
    trace: StepTrace | None = None

    def __init__(self, platform: Platform) -> None:
        self._car = platform.car
        self._rng = np.random.default_rng(0)

    def reset(self, seed: int) -> None:
        """The same seed draws the same actions."""
        self._rng = np.random.default_rng(seed)

    def act(self, observation: Observation) -> Control:  # noqa: ARG002 - it does not look
        """Independent draws."""
        return Control(
            steering=float(self._rng.normal(0.0, 0.02)),
            acceleration=float(
                self._rng.uniform(self._car.min_acceleration / 4.0, self._car.max_acceleration)
            ),
        )
