"""What a lane change along a minimum-jerk profile (Flash and Hogan 1985) asks of the tyres."""

from __future__ import annotations

import math

_PEAK = 10.0 / math.sqrt(3.0)  # greatest second derivative of 10·p³ − 15·p⁴ + 6·p⁵


def peak_lateral_acceleration(width: float, duration: float) -> float:
    """Greatest lateral acceleration [m/s²] of a change over ``width`` [m] within ``duration`` [s]."""
    return _PEAK * width / duration**2


def min_change_duration(width: float, grip: float) -> float:
    """Shortest lane change [s] over ``width`` [m] on tyres that give ``grip`` [m/s²]."""
    return math.sqrt(_PEAK * width / grip)
