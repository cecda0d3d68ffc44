"""Speed against the traffic's and the limit, and time lost standing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.metrics.runs import longest_run
from drive_stack.types import FloatArray

STANDING = 0.1  # slower than this is standing [m/s]
LAST_CHECKPOINT = 0.95  # of the route: a route that ends beyond it counts to its last checkpoint (CARLA)
OVERSPEED = 2.23  # excess at which compliance reaches 0 (nuPlan) [m/s]


def pace_at_checkpoints(
    speed: FloatArray,
    traffic: Sequence[float | None],
    stations: FloatArray,
    route: tuple[float, float],
    checkpoints: int,
) -> tuple[float, ...]:
    """The ego's mean speed over the traffic's up to each checkpoint that was reached, at most 1.

    Speeds (T,) [m/s], stations (T,) [m]. CARLA's minimum-speed test (scenario_runner,
    ``atomic_criteria.py``, MinimumSpeedRouteTest): a segment counts once more than the route's length
    over ``checkpoints`` has been driven, and the last one where more than 95 % of the route has. A segment
    that the episode ends in is left out, and so is one without traffic.
    """
    start, end = route
    driven = np.maximum.accumulate(stations) - start
    known = np.array([value is not None for value in traffic])
    around = np.array([value or 0.0 for value in traffic])
    values: list[float | None] = []
    first, passed = 0, 0.0
    for step in range(len(speed)):
        if driven[step] - passed > (end - start) / checkpoints:
            values.append(_pace(speed, around, known, first, step))
            first, passed = step, float(driven[step])
    if driven[-1] > LAST_CHECKPOINT * (end - start):
        values.append(_pace(speed, around, known, first, len(speed)))
    return tuple(value for value in values if value is not None)


def pace_of_traffic(speed: FloatArray, traffic: Sequence[float | None]) -> float | None:
    """The ego's mean speed over the traffic's, at most 1; None where there is no moving traffic."""
    known = np.array([value is not None for value in traffic])
    around = np.array([value or 0.0 for value in traffic])
    return _pace(speed, around, known, 0, len(speed))


def _pace(
    speed: FloatArray, around: FloatArray, known: NDArray[np.bool_], first: int, last: int
) -> float | None:
    here = slice(first, last)
    traffic = float(around[here][known[here]].sum())
    return min(1.0, float(speed[here][known[here]].sum()) / traffic) if traffic > 0.0 else None


def speed_compliance(speed: FloatArray, limit: FloatArray, in_lane: NDArray[np.bool_]) -> float:
    """nuPlan: 1 − the excess over the limit, averaged over time, / 2.23 m/s, not below 0; all (T,) [m/s].

    Off the lanes there is no limit. The sum over T samples is divided by T − 1 steps (nuplan-devkit,
    ``speed_limit_compliance.py``).
    """
    if len(speed) < 2:
        return 1.0
    excess = np.where(in_lane, np.maximum(speed - limit, 0.0), 0.0)
    return max(0.0, 1.0 - float(excess.sum()) / (len(speed) - 1) / OVERSPEED)


def standing_free(speed: FloatArray, free_ahead: NDArray[np.bool_], dt: float) -> tuple[float, float]:
    """Time that the ego stood with a free road ahead, in total and at the longest [s]."""
    standing = (speed < STANDING) & free_ahead
    return float(standing.sum() * dt), longest_run(standing) * dt
