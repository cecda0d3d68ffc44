"""A person at the keyboard, scored like any other driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from drive_stack.interfaces import Platform
from drive_stack.types import Control, Observation, StepTrace

_COMFORT = 3.5  # lateral acceleration that full lock gives at speed [m/s²]
_FULL_LOCK_TIME = 0.6  # from the centre to full lock [s]
_CENTRE_TIME = 0.35  # from full lock back, once released [s]
_PEDAL_RATE = 14.0  # [m/s³]
_COASTING = -0.4  # with no pedal pressed, while rolling [m/s²]


class PressedKeys(Protocol):
    """The keys that a person is pressing."""

    @property
    def left(self) -> bool: ...  # noqa: D102 - the names are clear

    @property
    def right(self) -> bool: ...  # noqa: D102

    @property
    def accelerate(self) -> bool: ...  # noqa: D102

    @property
    def brake(self) -> bool: ...  # noqa: D102


class HumanAgent:
    """Turns keys into smooth steering and pedals.

    A key is either pressed or not, so the maximum angle decreases with the speed: full lock gives a lateral
    acceleration of about `_COMFORT`. Without ``keys`` nothing is pressed and the car coasts.
    """

    name = "human"
    privileged = False

    def __init__(self, platform: Platform, keys: Callable[[], PressedKeys] | None = None) -> None:
        self._car, self._dt, self._keys = platform.car, platform.dt, keys
        self._trace: StepTrace | None = None
        self._steering = self._acceleration = 0.0

    @property
    def trace(self) -> StepTrace | None:
        """The last control and a note; None before the first step."""
        return self._trace

    def reset(self, seed: int) -> None:  # noqa: ARG002 - required by the protocol
        """Centre the steering wheel and release the pedals."""
        self._steering = self._acceleration = 0.0
        self._trace = None

    def act(self, observation: Observation) -> Control:
        """Move the steering wheel and the pedals towards the pressed keys."""
        keys = self._keys() if self._keys is not None else None
        turn = float(keys.left) - float(keys.right) if keys is not None else 0.0
        lock = self.lock(observation.speed)
        rate = lock / (_CENTRE_TIME if turn == 0.0 else _FULL_LOCK_TIME)
        self._steering = _towards(self._steering, turn * lock, rate * self._dt)
        self._steering = float(np.clip(self._steering, -lock, lock))
        desired = _COASTING if observation.speed > 0.5 else 0.0
        if keys is not None and keys.brake:
            desired = self._car.min_acceleration
        elif keys is not None and keys.accelerate:
            desired = self._car.max_acceleration
        self._acceleration = _towards(self._acceleration, desired, _PEDAL_RATE * self._dt)
        control = Control(self._steering, self._acceleration)
        self._trace = StepTrace(control=control, notes=("A person drives: arrow keys, or W A S D.",))
        return control

    def lock(self, speed: float) -> float:
        """Largest road-wheel angle at a speed [rad], from a = v² tan δ / L of the bicycle model."""
        tangent = self._car.wheelbase * _COMFORT / max(speed, 1.0) ** 2
        return min(self._car.max_steering, float(np.arctan(tangent)))


def _towards(value: float, target: float, max_change: float) -> float:
    return value + float(np.clip(target - value, -max_change, max_change))
