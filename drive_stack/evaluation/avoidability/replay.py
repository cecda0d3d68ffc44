"""The reference driver in the ego's place, replayed on the record of a collision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from drive_stack.evaluation.avoidability.encounter import Encounter, encounter_of
from drive_stack.evaluation.avoidability.other_course import OtherCourse
from drive_stack.evaluation.avoidability.reference_driver import braking_distance
from drive_stack.evaluation.avoidability.risk import noticed, risk_shows
from drive_stack.evaluation.metrics.fault import STANDING
from drive_stack.evaluation.metrics.ttc import times_to_collision
from drive_stack.evaluation.on_road import MovingBoxes, OnRoad
from drive_stack.types import FloatArray

AFTER = 10.0  # replayed beyond the collision, for a reference that is late [s]
STEP = 0.02  # of the replay [s]


class Reason(StrEnum):
    """Why a collision could or could not be avoided."""

    BRAKING = "braking in time would have avoided it"
    SPEEDING = "braking in time from the speed limit would have avoided it"
    LANE = "staying in its lane would have avoided it"
    ROAD = "nobody has to leave the road"
    UNSEEN = "what was hit is not on record"
    STANDING = "the ego stood still"
    FROM_BEHIND = "the other came from behind"
    TOO_LATE = "the risk showed too late"


@dataclass(frozen=True, slots=True)
class Avoidability:
    """Whether the reference driver would not have touched the other, and why."""

    avoidable: bool
    reason: Reason


def avoidable(scenes: Sequence[OnRoad], actor: int) -> bool:
    """Whether the reference driver would not have touched ``actor``; see `avoidability`."""
    return avoidability(scenes, actor).avoidable


def avoidability(scenes: Sequence[OnRoad], actor: int) -> Avoidability:
    """Judge a collision with ``actor``.

    ``scenes`` are the last seconds before the collision, the last one at or after it. Somebody who is in
    none of them leaves the ego charged.
    """
    met = encounter_of(scenes, actor)
    if met is None:
        return Avoidability(True, Reason.UNSEEN)
    if all(float(np.hypot(*scene.ego.velocity[0])) < STANDING for scene in scenes[-2:]):
        return Avoidability(False, Reason.STANDING)
    return _replayed(met)


def _replayed(met: Encounter) -> Avoidability:
    shows = risk_shows(met)
    times = np.arange(float(met.time[shows]), float(met.time[-1]) + AFTER, STEP)
    if _stays_clear(met, shows, times, _own_stations(met, times)):
        return Avoidability(True, Reason.LANE)
    if _comes_from_behind(met, shows):
        return Avoidability(False, Reason.FROM_BEHIND)
    speed, limit = float(np.hypot(*met.ego.velocity[shows])), float(met.speed_limit[shows])
    if not _brakes_in_time(met, shows, times, min(speed, limit)):
        return Avoidability(False, Reason.TOO_LATE)
    if speed > limit and not _brakes_in_time(met, shows, times, speed):
        return Avoidability(True, Reason.SPEEDING)
    return Avoidability(True, Reason.BRAKING)


def _comes_from_behind(met: Encounter, shows: int) -> bool:
    return bool(met.apart[shows, 0] < 0.0 and met.clearance[shows, 0] > 0.0)


def _own_stations(met: Encounter, times: FloatArray) -> FloatArray:
    """Stations of the ego's own course (T,) [m]; it keeps its speed beyond the record."""
    late = np.maximum(times - met.time[-1], 0.0)
    recorded = np.interp(times, met.time, met.ego.centre[:, 0])
    return np.asarray(recorded + late * met.ego.velocity[-1, 0], dtype=np.float64)


def _brakes_in_time(met: Encounter, shows: int, times: FloatArray, speed: float) -> bool:
    """Whether the driver that brakes from ``speed`` [m/s] where the risk shows touches nobody."""
    travelled = braking_distance(times, speed, noticed(met, shows), grip=met.grip, curvature=met.curvature)
    return _stays_clear(met, shows, times, met.ego.centre[shows, 0] + travelled)


def _stays_clear(met: Encounter, shows: int, times: FloatArray, stations: FloatArray) -> bool:
    """Whether a car in the ego's lane, at ``stations`` (T,) at ``times``, never touches the other.

    No person walks into a car that stands.
    """
    other = OtherCourse(met.time, met.other, met.lanes).at(times)
    laterals = np.full(len(times), met.ego.centre[shows, 1])
    apart = MovingBoxes(
        other.centre - np.stack([stations, laterals], axis=1),
        other.heading, other.velocity, other.length, other.width,
    )  # fmt: skip
    here = MovingBoxes(
        np.zeros((1, 2)), np.zeros(1), np.zeros((1, 2)), np.array([met.ego.length]), np.array([met.ego.width])
    )
    touches = times_to_collision(here, apart) == 0.0
    if not met.other.is_vehicle:
        touches &= np.gradient(stations, times) >= STANDING
    return not bool(touches.any())
