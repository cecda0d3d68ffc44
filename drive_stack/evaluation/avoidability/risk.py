"""When a risk starts, and when the reference driver starts to perceive it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.avoidability.encounter import Encounter
from drive_stack.evaluation.metrics.ttc import HORIZON
from drive_stack.types import FloatArray

WANDERING = 0.375  # lateral movement of a car in an adjacent lane that is not a cut-in yet [m]
CRITICAL_GAP = 2.0  # time gap below which any approach is a risk (the regulation's critical THW) [s]
HARD_BRAKING = 5.0  # of the vehicle ahead; a risk at any distance [m/s²]
GRIP_FRACTION = 0.95  # of the grip; braking so hard is a risk where it is less than `HARD_BRAKING`
MIN_GAP = 1.0  # shortest permitted time gap (UN R157, 5.2.3.3, at the lowest speed) [s]


def risk_start(encounter: Encounter) -> int:
    """Index of the record at which the risk starts that lasts until the collision.

    The last record may lie after the collision, when the two have separated; it does not end the risk. The
    risk of a visible actor starts between two records; the earlier of them is returned. The risk of an
    occluded actor starts at the first record in which the actor is visible.
    """
    no_risk = np.flatnonzero(~_is_risk(encounter)[:-1])
    if len(no_risk) == 0:
        return 0
    last = int(no_risk[-1])
    return last if encounter.visible[last] else last + 1


def perception_start(encounter: Encounter, start: int) -> float:
    """Time at which the reference driver starts to perceive the risk that starts at record ``start`` [s].

    For a vehicle outside the ego's path this is when it has moved more than `WANDERING` laterally or reaches
    the path; for all others it is the start of the risk.
    """
    time = encounter.time[start:]
    if not encounter.other.is_vehicle:
        return float(time[0])
    lateral = encounter.other.centre[start:, 1]
    beyond_wandering = np.abs(lateral - lateral[0]) - WANDERING
    return min(
        _first_above(time, beyond_wandering),
        _first_above(time, -encounter.clearance[start:, 1]),
        float(time[-1]),
    )


def _is_risk(encounter: Encounter) -> NDArray[np.bool_]:
    """(T,) whether the other is a visible risk: in the ego's path or about to enter it, and approaching."""
    offset, clearance = encounter.offset, encounter.clearance
    approach = -np.sign(offset) * (encounter.other.velocity - encounter.ego.velocity)
    closing = np.where(approach > 0.0, approach, np.inf)
    times = np.where(approach > 0.0, clearance / closing, np.inf)
    times = np.where(clearance <= 0.0, 0.0, times)
    follows = (offset[:, 0] > 0.0) & (clearance[:, 1] <= 0.0)
    gap = np.where(approach[:, 0] > 0.0, CRITICAL_GAP, MIN_GAP)
    close = follows & (clearance[:, 0] < gap * encounter.ego.velocity[:, 0])
    hard = min(HARD_BRAKING, GRIP_FRACTION * encounter.grip)
    brakes = follows & (approach[:, 0] > 0.0) & (_deceleration(encounter) > hard)
    return np.asarray(((times.max(axis=1) <= HORIZON) | close | brakes) & encounter.visible)


def _deceleration(encounter: Encounter) -> FloatArray:
    """(T,) longitudinal deceleration of the other since the previous record, 0 in the first [m/s²]."""
    change = np.diff(np.abs(encounter.other.velocity[:, 0])) / np.diff(encounter.time)
    return np.concatenate([[0.0], -change])


def _first_above(time: FloatArray, value: FloatArray) -> float:
    """Time at which ``value`` first reaches zero, interpolated between records [s]; inf if never."""
    reached = np.flatnonzero(value >= 0.0)
    if len(reached) == 0:
        return float("inf")
    first = int(reached[0])
    if first == 0:
        return float(time[0])
    before, after = value[first - 1], value[first]
    return float(time[first - 1] + (time[first] - time[first - 1]) * before / (before - after))
