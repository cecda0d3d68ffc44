"""Pushes off the course, so that a recording also shows the way back.

Triangular: a push grows to its greatest and fades again (Codevilla et al., 2018, "End-to-end driving via
conditional imitation learning", §IV-B). The label stays what the expert does about it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters

SLOWEST = 5.0  # steering is scaled for no slower speed [m/s]


@dataclass(frozen=True, slots=True)
class DisturbanceSettings:
    """How often, how hard and how long."""

    every: float = 6.0  # mean time from the end of a push to the next [s]
    at_start: float = 0.7  # share of episodes that begin with a push
    sideways: tuple[float, float] = (0.6, 2.2)  # greatest lateral acceleration of a push [m/s²]
    forward: tuple[float, float] = (0.5, 1.5)  # greatest change of acceleration [m/s²]
    forward_share: float = 0.3  # of pushes, that go forwards or backwards
    lasts: tuple[float, float] = (1.0, 2.5)  # [s]


@dataclass(frozen=True, slots=True)
class _Push:
    begin: float  # [s]
    lasts: float  # [s]
    sideways: float  # greatest lateral acceleration, left positive [m/s²]
    forward: float  # greatest acceleration [m/s²]


class Disturbance:
    """The pushes of one episode, drawn from ``rng``."""

    def __init__(self, settings: DisturbanceSettings, rng: np.random.Generator) -> None:
        self._settings, self._rng = settings, rng
        begin = 0.0 if rng.random() < settings.at_start else self._pause()
        self._push = self._draw(begin)

    def on(self, time: float) -> bool:
        """Whether a push is under way at ``time`` [s]."""
        return self._strength(time) > 0.0

    def apply(self, control: Control, time: float, speed: float, car: VehicleParameters) -> Control:
        """``control`` with the push of this moment; ``time`` [s] never goes back, ``speed`` in m/s."""
        while time >= self._push.begin + self._push.lasts:
            self._push = self._draw(self._push.begin + self._push.lasts + self._pause())
        strength = self._strength(time)
        steering = (
            control.steering + strength * self._push.sideways * car.wheelbase / max(speed, SLOWEST) ** 2
        )
        acceleration = control.acceleration + strength * self._push.forward
        return Control(
            steering=float(np.clip(steering, -car.max_steering, car.max_steering)),
            acceleration=float(np.clip(acceleration, car.min_acceleration, car.max_acceleration)),
        )

    def _strength(self, time: float) -> float:
        """0 … 1, a triangle over the push."""
        middle = self._push.begin + self._push.lasts / 2.0
        return max(1.0 - abs(time - middle) / (self._push.lasts / 2.0), 0.0)

    def _pause(self) -> float:
        return float(self._rng.exponential(self._settings.every))

    def _draw(self, begin: float) -> _Push:
        rng, settings = self._rng, self._settings
        lasts = float(rng.uniform(*settings.lasts))
        sign = 1.0 if rng.random() < 0.5 else -1.0
        if rng.random() < settings.forward_share:
            return _Push(begin, lasts, 0.0, sign * float(rng.uniform(*settings.forward)))
        return _Push(begin, lasts, sign * float(rng.uniform(*settings.sideways)), 0.0)
