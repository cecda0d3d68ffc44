"""Follows the plan's speed: its acceleration fed forward, lag compensated, jerk limited."""

from __future__ import annotations

import numpy as np

from drive_stack.bounds import Acceleration, Braking, Duration, Jerk, Speed, Weight
from drive_stack.config import StrictModel
from drive_stack.interfaces import Platform
from drive_stack.types import Plan


class LongitudinalSettings(StrictModel):
    """Gains and limits."""

    speed_gain: Weight = 0.6  # [1/s]
    look_ahead: Duration = 0.15  # half a step and what the lag compensation leaves [s]
    max_jerk: Jerk = 4.0  # of the command, unless braking for life [m/s³]
    release_jerk: Jerk = 10.0  # of letting go of an emergency brake [m/s³]
    stop_jerk: Jerk = 2.5  # of letting go of the brake as the car comes to a stop [m/s³]
    last_braking: Acceleration = 0.15  # with which it comes to its stop [m/s²]
    hold: Braking = -1.5  # keeps the car standing [m/s²]
    standing: Speed = 0.35  # a plan this slow is to stand, not to creep [m/s]
    still: Speed = 0.02  # the car stands [m/s]


class FeedForwardLongitudinal:
    """a = a_plan(t) + τ·ȧ_plan(t) + k·(v_plan − v), with t a short way ahead.

    τ·ȧ makes up for the first-order lag of the drive train. The command's jerk is limited, with two
    exceptions. Braking for life comes in at once. It goes out faster than comfort asks, at
    ``release_jerk``, for as long as the plan wants it weaker: going out from 8 m/s² at 4 m/s³ takes 8 m/s
    of speed more than was needed, in front of whoever follows, at 10 m/s³ 3.2; and that is half the
    jerk at which the planner lets such a brake bite, so nobody is thrown harder by the end of it.
    """

    def __init__(self, platform: Platform, settings: LongitudinalSettings | None = None) -> None:
        self._car, self._dt = platform.car, platform.dt
        self._share = 1.0 - float(np.exp(-platform.dt / platform.car.acceleration_lag))
        self._settings = settings or LongitudinalSettings()
        self.reset()

    def reset(self) -> None:
        """Forget the last command."""
        self._last = 0.0
        self._reached = 0.0  # acceleration by the lag model [m/s²]
        self._releasing = False

    def accelerate(self, plan: Plan, speed: float) -> float:
        """Acceleration [m/s²] within the car's limits."""
        wanted = self._wanted(plan, speed)
        if plan.emergency:
            command = min(wanted, float(plan.accelerations.min()))
            self._releasing = True
        else:
            command = self._smooth(self._softened(wanted, plan, speed))
        self._last = float(np.clip(command, self._car.min_acceleration, self._car.max_acceleration))
        self._reached += self._share * (self._last - self._reached)
        if speed < self._settings.still:
            self._reached = max(self._reached, 0.0)  # brakes hold, they do not push back
        return self._last

    def _wanted(self, plan: Plan, speed: float) -> float:
        at = self._settings.look_ahead
        jerk = np.gradient(plan.accelerations, plan.times)
        return (
            float(np.interp(at, plan.times, plan.accelerations))
            + self._car.acceleration_lag * float(np.interp(at, plan.times, jerk))
            + self._settings.speed_gain * (float(plan.speeds[0]) - speed)
        )

    def _softened(self, wanted: float, plan: Plan, speed: float) -> float:
        """What is wanted, with the brake let go as the car comes to a stop, and a hold once it stands.

        Braking that ends with the motion, at a steady jerk j, is a = √(2·j·v). The command sees the
        speed and the acceleration as far ahead as the brakes lag.
        """
        settings, lag = self._settings, self._car.acceleration_lag
        to_stand = float(plan.speeds.max()) < settings.standing
        if to_stand and speed < settings.still:
            return min(wanted, settings.hold)
        if to_stand:
            wanted = min(wanted, -settings.last_braking)
        soon = max(speed + self._reached * lag, 0.0)
        most = max(float(np.sqrt(2.0 * settings.stop_jerk * soon)), settings.last_braking)
        return max(wanted, -most)

    def _smooth(self, wanted: float) -> float:
        settings = self._settings
        up = settings.release_jerk if self._releasing and self._last < 0.0 else settings.max_jerk
        lowest, highest = self._last - settings.max_jerk * self._dt, self._last + up * self._dt
        self._releasing = self._releasing and wanted > self._last
        return float(np.clip(wanted, lowest, highest))
