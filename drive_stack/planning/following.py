"""Distances and speeds behind another vehicle."""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray


def safe_speed(gap: FloatArray, lead_speed: float, braking: float, reaction: float) -> FloatArray:
    """Highest speed [m/s] from which the ego stops behind a lead that brakes equally hard.

    Krauß 1998: v = −b·τ + √(b²·τ² + v_lead² + 2·b·gap); at equal speeds the gap is v·τ.
    """
    room = np.maximum(gap, 0.0)
    root = np.sqrt((braking * reaction) ** 2 + lead_speed**2 + 2.0 * braking * room)
    return np.asarray(np.maximum(root - braking * reaction, 0.0), dtype=np.float64)


def rss_distance(
    speed: float,
    lead_speed: float,
    *,
    response: float,
    acceleration: float,
    braking: float,
    lead_braking: float,
) -> float:
    """Least safe gap [m] behind a lead: Shalev-Shwartz, Shammah and Shashua 2017, definition 1.

    The ego accelerates during its response time, then brakes at ``braking``; the lead brakes at
    ``lead_braking`` from now on.
    """
    reached = speed + response * acceleration
    own = speed * response + 0.5 * acceleration * response**2 + reached**2 / (2.0 * braking)
    return max(own - lead_speed**2 / (2.0 * lead_braking), 0.0)


def needed_braking(speed: float, lead_speed: float, gap: float) -> float:
    """Steady deceleration [m/s²] that just avoids a lead which keeps its speed; 0 where none is needed."""
    closing = speed - lead_speed
    if closing <= 0.0:
        return 0.0
    return closing**2 / (2.0 * max(gap, 0.1))


def time_to_collision(speed: float, lead_speed: float, gap: float) -> float:
    """Seconds until the gap is closed at present speeds; inf where it is not closing."""
    closing = speed - lead_speed
    return max(gap, 0.0) / closing if closing > 1e-6 else float("inf")
