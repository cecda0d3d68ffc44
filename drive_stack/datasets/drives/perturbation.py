"""Perturbations that push the ego off its course, so that a recording also shows how to recover.

A perturbation is a triangular pulse: it grows to its peak and fades again (Codevilla et al., 2018,
"End-to-end driving via conditional imitation learning", §IV-B). The label remains the expert's
control, which corrects the deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters

MIN_SPEED = 5.0  # the steering of a pulse is computed for at least this speed [m/s]


@dataclass(frozen=True, slots=True)
class PerturbationSettings:
    """How often, how strong and how long the pulses are."""

    mean_interval: float = 6.0  # from the end of a pulse to the start of the next [s]
    start_probability: float = 0.7  # that an episode starts with a pulse
    lateral: tuple[float, float] = (0.6, 2.2)  # range of the peak lateral acceleration of a pulse [m/s²]
    longitudinal: tuple[float, float] = (0.5, 1.5)  # range of the peak longitudinal acceleration [m/s²]
    longitudinal_probability: float = 0.3  # that a pulse is longitudinal
    duration: tuple[float, float] = (1.0, 2.5)  # range of a pulse's duration [s]


@dataclass(frozen=True, slots=True)
class _Pulse:
    start: float  # [s]
    duration: float  # [s]
    lateral: float  # peak acceleration, positive to the left [m/s²]
    longitudinal: float  # peak acceleration [m/s²]

    @property
    def end(self) -> float:
        """Time at which the pulse ends [s]."""
        return self.start + self.duration


class Perturbation:
    """The pulses of one episode, drawn from ``rng``."""

    def __init__(self, settings: PerturbationSettings, rng: np.random.Generator) -> None:
        self._settings, self._rng = settings, rng
        start = 0.0 if rng.random() < settings.start_probability else self._draw_pause()
        self._pulse = self._draw(start)

    def is_active(self, time: float) -> bool:
        """Whether a pulse acts at ``time`` [s]."""
        return self._strength(time) > 0.0

    def apply(self, control: Control, time: float, speed: float, car: VehicleParameters) -> Control:
        """``control`` with the pulse added; ``time`` [s] never decreases, ``speed`` in m/s."""
        while time >= self._pulse.end:
            self._pulse = self._draw(self._pulse.end + self._draw_pause())
        strength = self._strength(time)
        steering = (
            control.steering + strength * self._pulse.lateral * car.wheelbase / max(speed, MIN_SPEED) ** 2
        )
        acceleration = control.acceleration + strength * self._pulse.longitudinal
        return Control(
            steering=float(np.clip(steering, -car.max_steering, car.max_steering)),
            acceleration=float(np.clip(acceleration, car.min_acceleration, car.max_acceleration)),
        )

    def _strength(self, time: float) -> float:
        """Fraction of the peak at ``time``, 0 … 1; triangular over the pulse."""
        half = self._pulse.duration / 2.0
        return max(1.0 - abs(time - (self._pulse.start + half)) / half, 0.0)

    def _draw_pause(self) -> float:
        return float(self._rng.exponential(self._settings.mean_interval))

    def _draw(self, start: float) -> _Pulse:
        rng, settings = self._rng, self._settings
        duration = float(rng.uniform(*settings.duration))
        sign = 1.0 if rng.random() < 0.5 else -1.0
        if rng.random() < settings.longitudinal_probability:
            return _Pulse(start, duration, 0.0, sign * float(rng.uniform(*settings.longitudinal)))
        return _Pulse(start, duration, sign * float(rng.uniform(*settings.lateral)), 0.0)
