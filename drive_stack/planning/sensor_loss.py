"""Reduces the speed to a stop while a sensor fails or no lane is detected."""

from __future__ import annotations

from drive_stack.planning.speed_caps import SpeedCap
from drive_stack.types import Behaviour, Cause, PlanningInput

MIN_CONFIDENCE = 0.2  # of a lane estimate that counts as detected
MAX_TIME_WITHOUT_LANES = 0.7  # before the ego brakes [s]
GENTLE_BRAKING = 2.0  # at first, where only the lanes are missing [m/s²]
GENTLE_TIME = 3.0  # duration of gentle braking; afterwards the lane is too uncertain [s]
FAULT_BRAKING = 4.0  # with a failed sensor: maximum of UN R157 in a minimal-risk manoeuvre [m/s²]
LOOK_AHEAD = 1.0  # the cap is that of this much later, because the car reacts with a delay [s]


class SensorLoss:
    """Measures for how long lanes or sensors have been missing."""

    def __init__(self, dt: float) -> None:
        self._dt = dt
        self.reset()

    def reset(self) -> None:
        """Assume that all sensors work."""
        self._time_without_lanes = 0.0
        self._allowed: float | None = None  # speed [m/s]; None while nothing fails

    def caps(self, inputs: PlanningInput) -> tuple[SpeedCap, ...]:
        """No cap while everything works; else one that falls to a stop."""
        if inputs.lanes.confidence >= MIN_CONFIDENCE:
            self._time_without_lanes = 0.0
        else:
            self._time_without_lanes += self._dt
        if inputs.fault is None and self._time_without_lanes <= MAX_TIME_WITHOUT_LANES:
            self._allowed = None
            return ()
        gentle = inputs.fault is None and self._time_without_lanes <= GENTLE_TIME
        braking_rate = GENTLE_BRAKING if gentle else FAULT_BRAKING
        before = inputs.speed if self._allowed is None else min(self._allowed, inputs.speed)
        self._allowed = max(before - braking_rate * self._dt, 0.0)
        what = inputs.fault or f"no lane seen for {self._time_without_lanes:.1f} s"
        reason = f"{what}, stopping in the lane as last known"
        cause = Cause("missing lane lines" if inputs.fault is None else "a sensor fault")
        speed = max(self._allowed - braking_rate * LOOK_AHEAD, 0.0)
        return (SpeedCap(0.0, float("inf"), speed, reason, cause, Behaviour.STOP),)
