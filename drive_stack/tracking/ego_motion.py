"""Motion of the ego between two images, and the transformation of positions to its new frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import rotation
from drive_stack.types import FloatArray


@dataclass(frozen=True, slots=True)
class EgoStep:
    """Motion of the rear axle in one step, in the former ego frame."""

    shift: FloatArray  # (2,) [m]
    turn: float  # [rad]

    @property
    def into_new(self) -> FloatArray:
        """The (2, 2) matrix that transforms vectors from the former to the present frame."""
        return rotation(-self.turn)

    def points(self, points: FloatArray) -> FloatArray:
        """Transform points ``(..., 2)`` [m] that are fixed in the world to the present frame."""
        return np.asarray((points - self.shift) @ rotation(self.turn), dtype=np.float64)


def ego_step(speed: float, yaw_rate: float, dt: float) -> EgoStep:
    """The arc of a motion with constant ``speed`` [m/s] and ``yaw_rate`` [rad/s] during ``dt`` [s]."""
    turn = yaw_rate * dt
    chord = speed * dt * float(np.sinc(turn / (2.0 * np.pi)))
    return EgoStep(np.array([chord * np.cos(turn / 2.0), chord * np.sin(turn / 2.0)]), turn)


class Odometer:
    """Integrates speed and yaw rate, sampled at each image, to the motion between two images."""

    def __init__(self, dt: float) -> None:
        self._dt = dt
        self.reset()

    def reset(self) -> None:
        """Discard the last sample."""
        self._last: tuple[float, float] | None = None

    def step(self, speed: float, yaw_rate: float) -> EgoStep:
        """The motion since the last call, from the mean of both samples; no motion at the first call."""
        last, self._last = self._last, (speed, yaw_rate)
        if last is None:
            return EgoStep(np.zeros(2), 0.0)
        return ego_step(0.5 * (last[0] + speed), 0.5 * (last[1] + yaw_rate), self._dt)
