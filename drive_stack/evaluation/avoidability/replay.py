"""Replays a recorded collision with the reference driver in the ego's place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from drive_stack.evaluation.avoidability.encounter import Encounter, build_encounter
from drive_stack.evaluation.avoidability.extrapolation import ExtrapolatedTrajectory
from drive_stack.evaluation.avoidability.reference_driver import BRAKING, braking_distance
from drive_stack.evaluation.avoidability.risk import perception_start, risk_start
from drive_stack.evaluation.metrics.fault import STANDING
from drive_stack.evaluation.metrics.ttc import times_to_collision
from drive_stack.evaluation.road_scene import MovingBoxes, RoadScene
from drive_stack.types import FloatArray

TIME_AFTER = 10.0  # replayed after the collision, for a reference driver that arrives later [s]
STEP = 0.02  # of the replay [s]
MAX_DEMAND = 2.0  # demands beyond this one are not distinguished
_DEMAND_STEP = 0.005


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


def evaluate_avoidability(scenes: Sequence[RoadScene], actor: int) -> Avoidability:
    """Whether the collision with ``actor`` could have been avoided.

    ``scenes`` are the last seconds before the collision; the last scene is at or after it. A collision with
    an actor that is in none of them counts as avoidable.
    """
    encounter = build_encounter(scenes, actor)
    if encounter is None:
        return Avoidability(True, Reason.UNSEEN)
    if all(float(np.hypot(*scene.ego.velocity[0])) < STANDING for scene in scenes[-2:]):
        return Avoidability(False, Reason.STANDING)
    return _replay(encounter)


def braking_demand(scenes: Sequence[RoadScene], actor: int) -> float:
    """How much of its braking the reference driver needs to avoid the collision with ``actor``.

    It is the least deceleration with which the driver, who keeps its times of perception and reaction,
    touches nobody, divided by the most that driver and tyres can do. 0: staying in the lane is enough. 1: the
    collision is avoided by a hair. Above 1, where no braking would be enough, it is the same with tyres
    that hold any deceleration, at most `MAX_DEMAND`. ``scenes`` and ``actor`` are those of
    `evaluate_avoidability`, and the demand is at most 1 exactly where that says avoidable.
    """
    verdict = evaluate_avoidability(scenes, actor)
    encounter = build_encounter(scenes, actor)
    if encounter is None or verdict.reason is Reason.LANE:
        return 0.0
    if verdict.reason in (Reason.STANDING, Reason.FROM_BEHIND):
        return MAX_DEMAND
    start = risk_start(encounter)
    times = np.arange(float(encounter.time[start]), float(encounter.time[-1]) + TIME_AFTER, STEP)
    speed = min(float(np.hypot(*encounter.ego.velocity[start])), float(encounter.speed_limit[start]))
    low, high = (0.0, 1.0) if verdict.avoidable else (1.0, MAX_DEMAND)
    unlimited = replace(encounter, grip=np.inf, curvature=0.0) if high > 1.0 else encounter
    while high - low > _DEMAND_STEP:
        middle = (low + high) / 2.0
        braking = middle * min(BRAKING, encounter.grip)
        if _brakes_in_time(unlimited, start, times, speed, braking):
            high = middle
        else:
            low = middle
    return high


def _replay(encounter: Encounter) -> Avoidability:
    start = risk_start(encounter)
    times = np.arange(float(encounter.time[start]), float(encounter.time[-1]) + TIME_AFTER, STEP)
    if _stays_clear(encounter, start, times, _ego_stations(encounter, times)):
        return Avoidability(True, Reason.LANE)
    if _comes_from_behind(encounter, start):
        return Avoidability(False, Reason.FROM_BEHIND)
    speed, limit = float(np.hypot(*encounter.ego.velocity[start])), float(encounter.speed_limit[start])
    if not _brakes_in_time(encounter, start, times, min(speed, limit)):
        return Avoidability(False, Reason.TOO_LATE)
    if speed > limit and not _brakes_in_time(encounter, start, times, speed):
        return Avoidability(True, Reason.SPEEDING)
    return Avoidability(True, Reason.BRAKING)


def _comes_from_behind(encounter: Encounter, start: int) -> bool:
    return bool(encounter.offset[start, 0] < 0.0 and encounter.clearance[start, 0] > 0.0)


def _ego_stations(encounter: Encounter, times: FloatArray) -> FloatArray:
    """Recorded stations of the ego (T,) [m]; beyond the record it keeps its speed."""
    late = np.maximum(times - encounter.time[-1], 0.0)
    recorded = np.interp(times, encounter.time, encounter.ego.centre[:, 0])
    return np.asarray(recorded + late * encounter.ego.velocity[-1, 0], dtype=np.float64)


def _brakes_in_time(
    encounter: Encounter, start: int, times: FloatArray, speed: float, braking: float = BRAKING
) -> bool:
    """Whether the reference driver, at ``speed`` [m/s] at the start of the risk, avoids the other."""
    travelled = braking_distance(
        times,
        speed,
        perception_start(encounter, start),
        grip=encounter.grip,
        curvature=encounter.curvature,
        braking=braking,
    )
    return _stays_clear(encounter, start, times, encounter.ego.centre[start, 0] + travelled)


def _stays_clear(encounter: Encounter, start: int, times: FloatArray, stations: FloatArray) -> bool:
    """Whether a car in the ego's lane, at ``stations`` (T,) [m] at ``times`` (T,), never touches the other.

    A pedestrian who touches a stationary car does not count.
    """
    other = ExtrapolatedTrajectory(encounter.time, encounter.other, encounter.lanes).at(times)
    laterals = np.full(len(times), encounter.ego.centre[start, 1])
    relative = MovingBoxes(
        other.centre - np.stack([stations, laterals], axis=1),
        other.heading, other.velocity, other.length, other.width,
    )  # fmt: skip
    reference = MovingBoxes(
        np.zeros((1, 2)),
        np.zeros(1),
        np.zeros((1, 2)),
        np.array([encounter.ego.length]),
        np.array([encounter.ego.width]),
    )
    touches = times_to_collision(reference, relative) == 0.0
    if not encounter.other.is_vehicle:
        touches &= np.gradient(stations, times) >= STANDING
    return not bool(touches.any())
