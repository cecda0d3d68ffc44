"""Speed against the traffic's and the limit, and time lost standing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.metrics.runs import longest_run
from drive_stack.types import FloatArray

STANDING = 0.1  # slower than this is standing [m/s]
OVERSPEED = 2.23  # excess at which compliance reaches 0 (nuPlan) [m/s]


def pace_of_traffic(
    speed: FloatArray,
    traffic: Sequence[float | None],
    stations: FloatArray,
    route: tuple[float, float],
    parts: int,
) -> tuple[float, ...]:
    """The ego's mean speed over the traffic's in each of ``parts`` stretches of the route, at most 1.

    CARLA's minimum-speed test over its checkpoints. Stretches without traffic, and those that were not
    reached, are left out. Speeds (T,) [m/s], stations (T,) [m].
    """
    start, end = route
    part = np.clip((stations - start) / (end - start) * parts, 0, parts - 1).astype(int)
    known = np.array([value is not None for value in traffic])
    around = np.array([value or 0.0 for value in traffic])
    shares = []
    for number in range(parts):
        here = (part == number) & known
        pace = float(around[here].mean()) if here.any() else 0.0
        if pace > STANDING:
            shares.append(min(1.0, float(speed[here].mean()) / pace))
    return tuple(shares)


def speed_compliance(speed: FloatArray, limit: FloatArray) -> float:
    """nuPlan: 1 − the mean excess over the limit / 2.23 m/s, not below 0; all (T,) [m/s]."""
    excess = np.maximum(speed - limit, 0.0)
    return max(0.0, 1.0 - float(excess.mean()) / OVERSPEED)


def standing_free(speed: FloatArray, free_ahead: NDArray[np.bool_], dt: float) -> tuple[float, float]:
    """Time that the ego stood though nobody was in front of it, in all and at the longest [s]."""
    standing = (speed < STANDING) & free_ahead
    return float(standing.sum() * dt), longest_run(standing) * dt
