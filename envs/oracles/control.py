"""Controllers that know what the actuators have reached, and undo their lag."""

from __future__ import annotations

import numpy as np

from drive_stack.geometry import to_local
from drive_stack.interfaces import Platform, TruthSource
from drive_stack.types import FloatArray, Plan

AIM_SECONDS, SHORTEST = 0.6, 4.5  # of the pursuit [s], [m]
MAX_JERK = 4.0  # unless braking for life [m/s³]


def undo_lag(wanted: float, reached: float, lag: float, dt: float) -> float:
    """The command that takes a first-order lag from ``reached`` to ``wanted`` within ``dt`` [s]."""
    return reached + (wanted - reached) / (1.0 - float(np.exp(-dt / lag)))


class TrueLateral:
    """Pursuit of a point on the plan from where the car will be after this step."""

    def __init__(self, truth: TruthSource, platform: Platform) -> None:
        self._truth = truth
        self._platform = platform

    def reset(self) -> None:
        """Nothing is remembered."""

    def steer(self, plan: Plan, speed: float, yaw_rate: float) -> float:  # noqa: ARG002 - truth is used
        """Road-wheel angle [rad] within the car's limit."""
        ego, car, dt = self._truth.world_state().ego, self._platform.car, self._platform.dt
        turned = ego.yaw_rate * dt
        pose = ego.speed * dt * np.array([np.cos(turned / 2.0), np.sin(turned / 2.0)])
        local = to_local(plan.positions, pose, turned)
        aim = max(AIM_SECONDS * ego.speed, SHORTEST)
        away = np.hypot(local[:, 0], local[:, 1])
        beyond = np.flatnonzero((away >= aim) & (local[:, 0] > 0.0))
        target = local[int(beyond[0])] if len(beyond) else self._past_the_end(local, plan, turned, aim)
        wanted = float(np.arctan(car.wheelbase * 2.0 * target[1] / max(float(target @ target), 1e-6)))
        command = undo_lag(wanted, ego.steering, car.steering_lag, dt)
        return float(np.clip(command, -car.max_steering, car.max_steering))

    @staticmethod
    def _past_the_end(local: FloatArray, plan: Plan, turned: float, aim: float) -> FloatArray:
        direction = float(plan.headings[-1]) - turned
        left = max(aim - float(np.hypot(*local[-1])), 0.0)
        return np.asarray(local[-1] + left * np.array([np.cos(direction), np.sin(direction)]))


class TrueLongitudinal:
    """Reaches the planned acceleration within a step."""

    def __init__(self, truth: TruthSource, platform: Platform) -> None:
        self._truth = truth
        self._platform = platform

    def reset(self) -> None:
        """Nothing is remembered."""

    def accelerate(self, plan: Plan, speed: float) -> float:  # noqa: ARG002 - truth is used
        """Acceleration [m/s²] within the car's limits."""
        ego, car, dt = self._truth.world_state().ego, self._platform.car, self._platform.dt
        wanted = float(np.interp(dt, plan.times, plan.accelerations))
        if plan.emergency:
            wanted = min(wanted, float(plan.accelerations.min()))
        else:
            wanted = float(
                np.clip(wanted, ego.acceleration - MAX_JERK * dt, ego.acceleration + MAX_JERK * dt)
            )
        command = undo_lag(wanted, ego.acceleration, car.acceleration_lag, dt)
        return float(np.clip(command, car.min_acceleration, car.max_acceleration))
