"""Pure pursuit: steer along the arc that meets the path at a point ahead."""

from __future__ import annotations

import numpy as np

from drive_stack.bounds import Duration, PositiveDistance
from drive_stack.config import StrictModel
from drive_stack.control.preview import previewed
from drive_stack.control.steering import SteeringActuator
from drive_stack.interfaces import Platform
from drive_stack.types import FloatArray, Plan


class PurePursuitSettings(StrictModel):
    """How far ahead it aims."""

    seconds_ahead: Duration = 0.75
    shortest: PositiveDistance = 4.5  # [m]
    longest: PositiveDistance = 30.0  # [m]


def pursuit_steering(target: FloatArray, wheelbase: float) -> float:
    """Road-wheel angle [rad] of the arc from the rear axle through ``target`` (2,) ahead of it.

    Coulter 1992, "Implementation of the Pure Pursuit Path Tracking Algorithm": κ = 2·y / L².
    """
    squared = max(float(target @ target), 1e-6)
    return float(np.arctan(wheelbase * 2.0 * float(target[1]) / squared))


class PurePursuit:
    """Aims from the pose the car will have when its steering has followed.

    The aim lies on the planned curve itself, so a steady curve is fed forward by the geometry.
    """

    def __init__(self, platform: Platform, settings: PurePursuitSettings | None = None) -> None:
        self._wheelbase = platform.car.wheelbase
        self._delay = platform.car.steering_lag + platform.dt / 2.0
        self._actuator = SteeringActuator(platform)
        self._settings = settings or PurePursuitSettings()

    def reset(self) -> None:
        """Wheels straight."""
        self._actuator.reset()

    def steer(self, plan: Plan, speed: float, yaw_rate: float) -> float:
        """Road-wheel angle [rad] within the car's limits."""
        settings = self._settings
        distance = float(np.clip(settings.seconds_ahead * speed, settings.shortest, settings.longest))
        path = previewed(plan, speed, yaw_rate, self._delay, reach=2.0 * distance)
        arc, _, _, _ = path.nearest()
        target = path.point_at_distance(distance, arc)
        wanted = 0.0 if target is None else pursuit_steering(target, self._wheelbase)
        self._actuator.reached(speed, yaw_rate)
        return self._actuator.command(wanted)
