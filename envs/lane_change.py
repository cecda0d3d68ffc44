"""Lateral acceleration of a lane change along a minimum-jerk profile (Flash and Hogan 1985)."""

from __future__ import annotations

import math

_PEAK = 10.0 / math.sqrt(3.0)  # maximum of the second derivative of 10·p³ − 15·p⁴ + 6·p⁵


def min_change_duration(width: float, grip: float) -> float:
    """Return the shortest duration of a lane change [s] whose lateral acceleration does not exceed the grip.

    The peak acceleration of a change over the width w within the time T is 10 / √3 · w / T².

    Args:
        width: Lateral distance [m].
        grip: Maximum lateral acceleration [m/s²].
    """
    return math.sqrt(_PEAK * width / grip)
