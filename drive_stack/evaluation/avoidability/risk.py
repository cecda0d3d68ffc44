"""When a risk shows, and when the reference driver begins to weigh it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.avoidability.encounter import Encounter
from drive_stack.evaluation.metrics.ttc import HORIZON
from drive_stack.types import FloatArray

WANDERING = 0.375  # sideways, before an adjacent car is taken to cut in [m]
CRITICAL_GAP = 2.0  # time gap below which any closing is a risk (the regulation's critical THW) [s]
HARD_BRAKING = 5.0  # of a car ahead, a risk at any distance [m/s²]
MIN_GAP = 1.0  # time gap below which nobody may follow (UN R157, 5.2.3.3, at the lowest speed) [s]


def risk_shows(met: Encounter) -> int:
    """Index at which the stretch of risk begins that lasts until the collision.

    The last record may lie after the collision, when the two have parted; it does not end the stretch.
    A risk that arises in sight begins between two records; the earlier of them is taken. One that comes
    into sight begins where it is first seen.
    """
    calm = np.flatnonzero(~_risky(met)[:-1])
    if len(calm) == 0:
        return 0
    last = int(calm[-1])
    return last if met.in_sight[last] else last + 1


def noticed(met: Encounter, shows: int) -> float:
    """When the reference driver begins to weigh the risk that shows at ``shows`` [s].

    That is at once, but for a vehicle out of the ego's path: it has to wander sideways first.
    """
    time = met.time[shows:]
    if not met.other.is_vehicle:
        return float(time[0])
    lateral = met.other.centre[shows:, 1]
    wandered = np.abs(lateral - lateral[0]) - WANDERING
    return min(_first_above(time, wandered), _first_above(time, -met.clearance[shows:, 1]), float(time[-1]))


def _risky(met: Encounter) -> NDArray[np.bool_]:
    """(T,) in sight, in the path or coming into it, and nearing; one that enters the path may stay there."""
    apart, clearance = met.apart, met.clearance
    nearing = -np.sign(apart) * (met.other.velocity - met.ego.velocity)
    closing = np.where(nearing > 0.0, nearing, np.inf)
    times = np.where(nearing > 0.0, clearance / closing, np.inf)
    times = np.where(clearance <= 0.0, 0.0, times)
    follows = (apart[:, 0] > 0.0) & (clearance[:, 1] <= 0.0)
    gap = np.where(nearing[:, 0] > 0.0, CRITICAL_GAP, MIN_GAP)
    close = follows & (clearance[:, 0] < gap * met.ego.velocity[:, 0])
    brakes = follows & (nearing[:, 0] > 0.0) & (_deceleration(met) > HARD_BRAKING)
    return np.asarray(((times.max(axis=1) <= HORIZON) | close | brakes) & met.in_sight)


def _deceleration(met: Encounter) -> FloatArray:
    """(T,) of the other along the road since the record before, 0 in the first [m/s²]."""
    slower = np.diff(np.abs(met.other.velocity[:, 0])) / np.diff(met.time)
    return np.concatenate([[0.0], -slower])


def _first_above(time: FloatArray, value: FloatArray) -> float:
    """When ``value`` first reaches zero, between the records on a straight line [s]; inf if never."""
    reached = np.flatnonzero(value >= 0.0)
    if len(reached) == 0:
        return float("inf")
    first = int(reached[0])
    if first == 0:
        return float(time[0])
    before, after = value[first - 1], value[first]
    return float(time[first - 1] + (time[first] - time[first - 1]) * before / (before - after))
