"""Car following: safe speeds and distances behind a lead."""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray


def safe_speed(gap: FloatArray, lead_speed: float, braking: float, reaction: float) -> FloatArray:
    """Maximum speed [m/s] from which the ego stops behind a lead that brakes equally hard.

    Krauß 1998: v = −b·τ + √(b²·τ² + v_lead² + 2·b·gap); at equal speeds the gap is v·τ.

    Args:
        gap: to the lead, of any shape; negative ones count as 0 [m].
        lead_speed: v_lead [m/s].
        braking: b of both vehicles, positive [m/s²].
        reaction: τ of the ego [s].
    """
    clearance = np.maximum(gap, 0.0)
    root = np.sqrt((braking * reaction) ** 2 + lead_speed**2 + 2.0 * braking * clearance)
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
    """Minimum safe gap [m] behind a lead: Shalev-Shwartz, Shammah and Shashua 2017, definition 1.

    The ego accelerates during its response time, then brakes at ``braking``; the lead brakes at
    ``lead_braking`` from now on.
    """
    reached = speed + response * acceleration
    own = speed * response + 0.5 * acceleration * response**2 + reached**2 / (2.0 * braking)
    return max(own - lead_speed**2 / (2.0 * lead_braking), 0.0)


def needed_braking(speed: float, lead_speed: float, gap: float) -> float:
    """Constant deceleration [m/s²] that just avoids a lead at constant speed; 0 where none is needed."""
    closing = speed - lead_speed
    if closing <= 0.0:
        return 0.0
    return closing**2 / (2.0 * max(gap, 0.1))


def time_to_collision(speed: float, lead_speed: float, gap: float) -> float:
    """Time until the gap is closed at the present speeds [s]; inf where it does not close."""
    closing = speed - lead_speed
    return max(gap, 0.0) / closing if closing > 1e-6 else float("inf")
