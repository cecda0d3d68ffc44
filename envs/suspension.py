"""Pitch and roll of the ego's body on its suspension.

Each angle θ follows a damped oscillator that the acceleration a at the tyres excites:

    θ'' + 2·ζ·ω·θ' + ω²·θ = ω²·k·a

In steady state the body leans by k·a. A step is exact for a constant acceleration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

PITCH_GAIN = math.radians(1.5) / 8.0  # nose-down angle per deceleration: 1.5° in full braking [rad/(m/s²)]
ROLL_GAIN = math.radians(2.0) / 8.0  # outward angle per lateral acceleration: 2° at the limit [rad/(m/s²)]
FREQUENCY = 2.0 * math.pi * 1.3  # undamped, ω; bodies of cars oscillate at 1 to 1.5 Hz [rad/s]
DAMPING = 0.4  # ζ, as a fraction of the critical damping


@dataclass(frozen=True, slots=True)
class BodyMotion:
    """Angles and rates of the body relative to the road."""

    pitch: float = 0.0  # positive nose down [rad]
    roll: float = 0.0  # positive to the right [rad]
    pitch_rate: float = 0.0  # [rad/s]
    roll_rate: float = 0.0  # [rad/s]

    def after(self, longitudinal: float, lateral: float, dt: float) -> BodyMotion:
        """Return the motion after ``dt`` [s] of constant acceleration at the tyres.

        Args:
            longitudinal: Acceleration along the car, positive forwards [m/s²].
            lateral: Acceleration across the car, positive to the left [m/s²].
            dt: Duration [s].
        """
        pitch, pitch_rate = _oscillate(self.pitch, self.pitch_rate, -PITCH_GAIN * longitudinal, dt)
        roll, roll_rate = _oscillate(self.roll, self.roll_rate, ROLL_GAIN * lateral, dt)
        return BodyMotion(pitch, roll, pitch_rate, roll_rate)


def _oscillate(angle: float, rate: float, rest: float, dt: float) -> tuple[float, float]:
    """Return angle and rate after ``dt`` [s] of a damped oscillation about the angle ``rest`` [rad]."""
    decay = DAMPING * FREQUENCY
    damped = FREQUENCY * math.sqrt(1.0 - DAMPING * DAMPING)
    offset, cos, sin = angle - rest, math.cos(damped * dt), math.sin(damped * dt)
    shrink = math.exp(-decay * dt)
    slope = (rate + decay * offset) / damped
    after = shrink * (offset * cos + slope * sin)
    after_rate = shrink * (rate * cos - (decay * slope + damped * offset) * sin)
    return rest + after, after_rate
