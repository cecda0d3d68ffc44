"""Speeds, distances and times in captions."""

from __future__ import annotations


def kmh(speed: float) -> str:
    """A speed [m/s] as text, such as "63 km/h"."""
    return f"{3.6 * speed:.0f} km/h"


def metres_apart(distance: float) -> str:
    """A distance [m] as text, such as "61 m", or "1.4 m" where it is short."""
    return f"{distance:.1f} m" if distance < 5.0 else f"{distance:.0f} m"


def milliseconds(time: float) -> str:
    """A time [ms] as text, such as "63 ms", or "6.3 ms" where it is short."""
    return f"{time:.0f} ms" if time >= 10.0 else f"{time:.1f} ms"
