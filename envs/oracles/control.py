"""Oracle controllers, which know the actual state of the actuators and compensate their lags."""

from __future__ import annotations

import math

import numpy as np

from drive_stack.geometry import to_local
from drive_stack.interfaces import Platform, TruthSource
from drive_stack.types import FloatArray, Plan
from drive_stack.vehicle import GRAVITY

LOOKAHEAD_TIME, MIN_LOOKAHEAD = 0.6, 4.5  # of the pure pursuit [s], [m]
MAX_JERK = 4.0  # except in an emergency [m/s³]


def compensate_lag(target: float, current: float, lag: float, dt: float) -> float:
    """Return the command that brings a first-order lag from ``current`` to ``target`` within ``dt``.

    Args:
        target: Output after ``dt``.
        current: Present output, in the same unit.
        lag: Time constant [s].
        dt: Duration for which the command is held [s].
    """
    return current + (target - current) / (1.0 - float(np.exp(-dt / lag)))


class TrueLateral:
    """Pure pursuit of a point of the plan, from the car's predicted pose after this step."""

    def __init__(self, truth: TruthSource, platform: Platform) -> None:
        self._truth = truth
        self._platform = platform

    def reset(self) -> None:
        """Do nothing; this stage has no state."""

    def steer(self, plan: Plan, speed: float, yaw_rate: float) -> float:  # noqa: ARG002 - truth is used
        """Return the commanded road-wheel angle within the car's limits [rad]."""
        ego, car, dt = self._truth.world_state().ego, self._platform.car, self._platform.dt
        yaw_change = ego.yaw_rate * dt
        position = ego.speed * dt * np.array([np.cos(yaw_change / 2.0), np.sin(yaw_change / 2.0)])
        local = to_local(plan.positions, position, yaw_change)
        lookahead = max(LOOKAHEAD_TIME * ego.speed, MIN_LOOKAHEAD)
        distance = np.hypot(local[:, 0], local[:, 1])
        candidates = np.flatnonzero((distance >= lookahead) & (local[:, 0] > 0.0))
        target = (
            local[int(candidates[0])]
            if len(candidates)
            else self._extrapolate(local, plan, yaw_change, lookahead)
        )
        angle = float(np.arctan(car.wheelbase * 2.0 * target[1] / max(float(target @ target), 1e-6)))
        command = compensate_lag(angle, ego.steering, car.steering_lag, dt)
        return float(np.clip(command, -car.max_steering, car.max_steering))

    @staticmethod
    def _extrapolate(local: FloatArray, plan: Plan, yaw_change: float, lookahead: float) -> FloatArray:
        """The point at the lookahead distance on the straight continuation of the plan [m], (2,)."""
        direction = float(plan.headings[-1]) - yaw_change
        remaining = max(lookahead - float(np.hypot(*local[-1])), 0.0)
        return np.asarray(local[-1] + remaining * np.array([np.cos(direction), np.sin(direction)]))


class TrueLongitudinal:
    """Reaches the planned acceleration within one step, on any grade."""

    def __init__(self, truth: TruthSource, platform: Platform) -> None:
        self._truth = truth
        self._platform = platform

    def reset(self) -> None:
        """Do nothing; this stage has no state."""

    def accelerate(self, plan: Plan, speed: float) -> float:  # noqa: ARG002 - truth is used
        """Return the commanded acceleration within the car's limits [m/s²]."""
        state, car, dt = self._truth.world_state(), self._platform.car, self._platform.dt
        ego, angle = state.ego, math.atan(state.road.profile.grade_at_one(state.ego.station))
        acceleration = float(np.interp(dt, plan.times, plan.accelerations))
        if plan.emergency:
            acceleration = min(acceleration, float(plan.accelerations.min()))
        else:
            acceleration = float(
                np.clip(acceleration, ego.acceleration - MAX_JERK * dt, ego.acceleration + MAX_JERK * dt)
            )
        against_gravity = GRAVITY * math.sin(angle)
        command = compensate_lag(
            acceleration + against_gravity, ego.acceleration + against_gravity, car.acceleration_lag, dt
        )
        return float(np.clip(command, car.min_acceleration, car.max_acceleration))
