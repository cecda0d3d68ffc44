"""How the ego moved between two images, and what that does to positions in its frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import rotation
from drive_stack.types import FloatArray


@dataclass(frozen=True, slots=True)
class EgoStep:
    """One step of the rear axle, in its former frame."""

    shift: FloatArray  # (2,) [m]
    turn: float  # [rad]

    @property
    def into_new(self) -> FloatArray:
        """The (2, 2) matrix that turns vectors of the former frame into the present one."""
        return rotation(-self.turn)

    def points(self, points: FloatArray) -> FloatArray:
        """Fixed points ``(..., 2)`` of the former frame, in the present one [m]."""
        return np.asarray((points - self.shift) @ rotation(self.turn), dtype=np.float64)


def ego_step(speed: float, yaw_rate: float, dt: float) -> EgoStep:
    """The arc driven at constant ``speed`` [m/s] and ``yaw_rate`` [rad/s] during ``dt`` [s]."""
    turn = yaw_rate * dt
    chord = speed * dt * float(np.sinc(turn / (2.0 * np.pi)))
    return EgoStep(np.array([chord * np.cos(turn / 2.0), chord * np.sin(turn / 2.0)]), turn)


class Odometer:
    """Speed and yaw rate, sampled at each image, as the step between two images."""

    def __init__(self, dt: float) -> None:
        self._dt = dt
        self.reset()

    def reset(self) -> None:
        """Forget the last sample."""
        self._last: tuple[float, float] | None = None

    def step(self, speed: float, yaw_rate: float) -> EgoStep:
        """The step since the last call, at the mean of both samples; none at the first call."""
        last, self._last = self._last, (speed, yaw_rate)
        if last is None:
            return EgoStep(np.zeros(2), 0.0)
        return ego_step(0.5 * (last[0] + speed), 0.5 * (last[1] + yaw_rate), self._dt)
