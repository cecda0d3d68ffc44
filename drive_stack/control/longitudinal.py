"""Longitudinal control: feed-forward of the planned acceleration, lag compensation and limited jerk."""

from __future__ import annotations

import numpy as np

from drive_stack.bounds import Acceleration, Braking, Duration, Jerk, Speed, Weight
from drive_stack.config import StrictModel
from drive_stack.interfaces import Platform
from drive_stack.types import Control, Plan


class LongitudinalSettings(StrictModel):
    """Gains and limits."""

    speed_gain: Weight = 0.6  # [1/s]
    look_ahead: Duration = 0.15  # half a step and the remaining lag after compensation [s]
    max_jerk: Jerk = 4.0  # of the command, except in emergency braking [m/s³]
    release_jerk: Jerk = 10.0  # of the release of an emergency braking [m/s³]
    stop_jerk: Jerk = 2.5  # of the release of the brake before a standstill [m/s³]
    final_braking: Acceleration = 0.15  # at the standstill [m/s²]
    hold_braking: Braking = -1.5  # keeps the car at a standstill [m/s²]
    stop_speed: Speed = 0.35  # a plan with a lower maximum speed is a stop [m/s]
    standstill_speed: Speed = 0.02  # a slower car stands [m/s]
    pull_memory: Duration = 0.8  # time constant of the estimate of a grade's pull [s]
    max_counted_braking: Acceleration = 3.0  # harder braking does not count for the estimate [m/s²]
    min_pull_speed: Speed = 2.0  # nor does slower driving [m/s]
    pull_tolerance: Acceleration = 0.05  # of a pull that is not compensated [m/s²]


class FeedForwardLongitudinal:
    """a = a_plan(t) + τ·ȧ_plan(t) + k·(v_plan − v), with t a short time ahead.

    τ·ȧ compensates the first-order lag of the drive train. The jerk of the command is limited, with two
    exceptions. Emergency braking starts at once. It is released at ``release_jerk``, faster than comfort
    allows, while the plan demands less braking. A release from 8 m/s² at 4 m/s³ loses 8 m/s more speed than
    necessary in front of a following vehicle; at 10 m/s³ it loses 3.2 m/s. That is half the jerk with which
    the planner starts such a braking, so the release is not harder for the passengers.

    On a grade, gravity pulls the car. The pull is what the measured speed gains beyond the modelled effect of
    the commands; it is low-pass filtered and compensated, except for a small part that keeps control on level
    roads free of it. Hard braking does not count, as the friction circle may limit it.
    """

    def __init__(self, platform: Platform, settings: LongitudinalSettings | None = None) -> None:
        self._car, self._dt = platform.car, platform.dt
        self._step_response = 1.0 - float(np.exp(-platform.dt / platform.car.acceleration_lag))
        self._settings = settings or LongitudinalSettings()
        self.reset()

    def reset(self) -> None:
        """Discard the last command."""
        self._last = 0.0
        self._reached = 0.0  # acceleration of the lag model after the last command [m/s²]
        self._start = 0.0, 0.0  # speed [m/s] and acceleration of the lag model [m/s²] before it
        self._releasing = False
        self._pull = 0.0  # estimated acceleration by the grade [m/s²]
        self._expected: float | None = None  # speed at the next step without a grade [m/s]

    def accelerate(self, plan: Plan, speed: float) -> float:
        """Acceleration [m/s²] within the limits of the car."""
        self._estimate_pull(speed)
        desired = self._desired(plan, speed) - self._compensable_pull()
        if plan.emergency:
            command = min(desired, float(plan.accelerations.min()))
            self._releasing = True
        else:
            command = self._limit_jerk(self._with_soft_stop(desired, plan, speed))
        self._last = float(np.clip(command, self._car.min_acceleration, self._car.max_acceleration))
        self._start = speed, self._reached
        self._model(self._last)
        return self._last

    def applied(self, control: Control) -> None:
        """Model the effect of ``control`` in place of that of the own command of this step."""
        self._model(control.acceleration)

    def _model(self, command: float) -> None:
        """Predict speed and acceleration at the next step without a grade."""
        speed, before = self._start
        self._reached = before + self._step_response * (command - before)
        lag = self._car.acceleration_lag
        gained = command * self._dt + (before - command) * lag * self._step_response
        hard = min(command, before) < -self._settings.max_counted_braking
        self._expected = None if hard or speed < self._settings.min_pull_speed else speed + gained
        if speed < self._settings.standstill_speed:
            self._reached = max(self._reached, 0.0)  # brakes hold the car, they do not push it back

    def _desired(self, plan: Plan, speed: float) -> float:
        at = self._settings.look_ahead
        jerk = np.gradient(plan.accelerations, plan.times)
        return (
            float(np.interp(at, plan.times, plan.accelerations))
            + self._car.acceleration_lag * float(np.interp(at, plan.times, jerk))
            + self._settings.speed_gain * (float(plan.speeds[0]) - speed)
        )

    def _estimate_pull(self, speed: float) -> None:
        """Compare the measured speed with the one expected without a grade."""
        if self._expected is not None:
            share = self._dt / max(self._settings.pull_memory, self._dt)
            self._pull += share * ((speed - self._expected) / self._dt - self._pull)

    def _compensable_pull(self) -> float:
        pull, tolerance = self._pull, self._settings.pull_tolerance
        return float(np.sign(pull)) * max(abs(pull) - tolerance, 0.0)

    def _with_soft_stop(self, desired: float, plan: Plan, speed: float) -> float:
        """Release the brake gradually before a standstill, and hold the car at the standstill.

        Braking that ends together with the motion, at a constant jerk j, is a = √(2·j·v). The speed is
        predicted by the lag of the brakes.
        """
        settings, lag = self._settings, self._car.acceleration_lag
        to_stand = float(plan.speeds.max()) < settings.stop_speed
        if to_stand and speed < settings.standstill_speed:
            return min(desired, settings.hold_braking)
        if to_stand:
            desired = min(desired, -settings.final_braking)
        predicted_speed = max(speed + self._reached * lag, 0.0)
        max_braking = max(float(np.sqrt(2.0 * settings.stop_jerk * predicted_speed)), settings.final_braking)
        return max(desired, -max_braking)

    def _limit_jerk(self, desired: float) -> float:
        settings = self._settings
        up = settings.release_jerk if self._releasing and self._last < 0.0 else settings.max_jerk
        lowest, highest = self._last - settings.max_jerk * self._dt, self._last + up * self._dt
        self._releasing = self._releasing and desired > self._last
        return float(np.clip(desired, lowest, highest))
