"""Pure pursuit: steers along the arc to a point of the path ahead."""

from __future__ import annotations

import numpy as np

from drive_stack.bounds import Duration, PositiveDistance
from drive_stack.config import StrictModel
from drive_stack.control.preview import preview_path
from drive_stack.control.steering import SteeringActuator
from drive_stack.interfaces import Platform
from drive_stack.types import FloatArray, Plan


class PurePursuitSettings(StrictModel):
    """Distance of the target point."""

    look_ahead_time: Duration = 0.75  # [s]
    min_distance: PositiveDistance = 4.5  # [m]
    max_distance: PositiveDistance = 30.0  # [m]


def pursuit_steering(target: FloatArray, wheelbase: float) -> float:
    """Road-wheel angle [rad] of the arc from the rear axle through ``target`` (2,) ahead of it.

    Coulter 1992, "Implementation of the Pure Pursuit Path Tracking Algorithm": κ = 2·y / L².
    """
    squared = max(float(target @ target), 1e-6)
    return float(np.arctan(wheelbase * 2.0 * float(target[1]) / squared))


class PurePursuit:
    """A `LateralController` that computes the arc from the pose after the steering lag.

    The target point lies on the planned path, so the geometry is a feed-forward for a constant curvature.
    """

    def __init__(self, platform: Platform, settings: PurePursuitSettings | None = None) -> None:
        self._wheelbase = platform.car.wheelbase
        self._delay = platform.car.steering_lag + platform.dt / 2.0
        self._actuator = SteeringActuator(platform)
        self._settings = settings or PurePursuitSettings()

    def reset(self) -> None:
        """Assume straight wheels."""
        self._actuator.reset()

    def steer(self, plan: Plan, speed: float, yaw_rate: float) -> float:
        """Road-wheel angle [rad] within the car's limits."""
        settings = self._settings
        distance = float(
            np.clip(settings.look_ahead_time * speed, settings.min_distance, settings.max_distance)
        )
        path = preview_path(plan, speed, yaw_rate, self._delay, min_length=2.0 * distance)
        arc, _, _, _ = path.nearest()
        target = path.point_at_distance(distance, arc)
        desired = 0.0 if target is None else pursuit_steering(target, self._wheelbase)
        self._actuator.reached(speed, yaw_rate)
        return self._actuator.command(desired)
