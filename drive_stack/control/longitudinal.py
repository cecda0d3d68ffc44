"""Follows the plan's speed: its acceleration fed forward, lag compensated, jerk limited."""

from __future__ import annotations

import numpy as np

from drive_stack.config import StrictModel
from drive_stack.types import Plan
from drive_stack.vehicle import VehicleParameters


class LongitudinalSettings(StrictModel):
    """Gains and limits."""

    speed_gain: float = 0.6  # [1/s]
    look_ahead: float = 0.15  # half a step and what the lag compensation leaves [s]
    max_jerk: float = 4.0  # of the command, unless braking for life [m/s³]
    dt: float = 0.1  # [s]
    hold: float = -1.5  # keeps the car standing [m/s²]
    standing: float = 0.2  # [m/s]


class FeedForwardLongitudinal:
    """a = a_plan(t) + τ·ȧ_plan(t) + k·(v_plan − v), with t a short way ahead.

    τ·ȧ makes up for the first-order lag of the drive train.
    """

    def __init__(self, car: VehicleParameters, settings: LongitudinalSettings | None = None) -> None:
        self._car = car
        self._settings = settings or LongitudinalSettings()
        self._last = 0.0

    def reset(self) -> None:
        """Forget the last command."""
        self._last = 0.0

    def accelerate(self, plan: Plan, speed: float) -> float:
        """Acceleration [m/s²] within the car's limits."""
        settings, car = self._settings, self._car
        jerk = np.gradient(plan.accelerations, plan.times)
        at = settings.look_ahead
        wanted = (
            float(np.interp(at, plan.times, plan.accelerations))
            + car.acceleration_lag * float(np.interp(at, plan.times, jerk))
            + settings.speed_gain * (float(plan.speeds[0]) - speed)
        )
        if plan.emergency:
            wanted = min(wanted, float(plan.accelerations.min()))
        else:
            step = settings.max_jerk * settings.dt
            wanted = float(np.clip(wanted, self._last - step, self._last + step))
        if speed < settings.standing and float(plan.speeds.max()) < settings.standing:
            wanted = min(wanted, settings.hold)
        self._last = float(np.clip(wanted, car.min_acceleration, car.max_acceleration))
        return self._last
