"""What an agent perceived and decided at one moment, and which actors were nearest, as numbers."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.evaluation.rollout import Moment
from drive_stack.geometry import to_local
from drive_stack.objects.classes import class_name, contact_name
from drive_stack.types import Contact, ObjectClass
from drive_stack.world_state import WorldState

_NAMES = {
    ObjectClass.CAR: "vehicle",
    ObjectClass.LARGE_VEHICLE: "vehicle",
    ObjectClass.PEDESTRIAN: "person",
    ObjectClass.OBSTACLE: "object",
}  # others by the name of their class
MAX_NEAR = 4  # actors that are listed


class NearbyActor(StrictModel):
    """The true state of an actor, relative to the ego."""

    what: str
    ahead_m: float
    left_m: float
    speed_mps: float


class FirstContact(StrictModel):
    """The first contact of the episode."""

    what: str
    side: str = Field(description="of the ego")
    impact_speed_mps: float
    other_speed_mps: float


class LastMoment(StrictModel):
    """The last moment of an episode at which the agent acted."""

    time_s: float
    speed_mps: float
    speed_limit_mps: float
    steering_deg: float | None
    acceleration_mps2: float | None
    behaviour: str | None
    reason: str | None
    tracks: int
    notes: tuple[str, ...] = ()
    near: tuple[NearbyActor, ...]
    hit: FirstContact | None
    grade_percent: float | None = Field(default=None, description="of the road, uphill positive; None: level")


def last_moment(moment: Moment, contacts: tuple[Contact, ...]) -> LastMoment:
    """Extract the numbers of a moment; ``contacts`` are those of the episode, in order."""
    state, trace = moment.state, moment.trace
    plan = trace.plan if trace is not None else None
    return LastMoment(
        time_s=round(state.time, 2),
        speed_mps=round(state.ego.speed, 2),
        speed_limit_mps=round(state.speed_limit, 2),
        steering_deg=None if trace is None else round(float(np.degrees(trace.control.steering)), 2),
        acceleration_mps2=None if trace is None else round(trace.control.acceleration, 2),
        behaviour=None if plan is None else plan.behaviour.name.lower().replace("_", " "),
        reason=None if plan is None else plan.reason,
        tracks=0 if trace is None else len(trace.tracks),
        notes=() if trace is None else trace.notes,
        near=_near(state),
        hit=_hit(contacts[0]) if contacts else None,
        grade_percent=_grade(state),
    )


def _grade(state: WorldState) -> float | None:
    """Grade of the road under the ego [%]; None on a level road."""
    profile = state.road.profile
    return None if profile.is_level else round(100.0 * profile.grade_at_one(state.ego.station), 1)


def _near(state: WorldState) -> tuple[NearbyActor, ...]:
    vehicles, pedestrians, obstacles = state.vehicles, state.pedestrians, state.obstacles
    names = [
        _NAMES.get(ObjectClass(label)) or class_name(ObjectClass(label))
        for group in (vehicles, pedestrians, obstacles)
        for label in group.label.tolist()
    ]
    points = np.stack(
        [
            np.concatenate([vehicles.x, pedestrians.x, obstacles.x]),
            np.concatenate([vehicles.y, pedestrians.y, obstacles.y]),
        ],
        axis=1,
    )
    speeds = np.concatenate([vehicles.speed, pedestrians.speed, np.zeros(len(obstacles.x))])
    if not names:
        return ()
    local = to_local(points, np.array([state.ego.x, state.ego.y]), state.ego.yaw)
    order = np.argsort(np.hypot(*local.T), kind="stable")[:MAX_NEAR]
    return tuple(
        NearbyActor(
            what=names[index],
            ahead_m=round(float(local[index, 0]), 1),
            left_m=round(float(local[index, 1]), 1),
            speed_mps=round(float(speeds[index]), 1),
        )
        for index in order.tolist()
    )


def _hit(contact: Contact) -> FirstContact:
    return FirstContact(
        what=contact_name(contact),
        side=contact.side.value,
        impact_speed_mps=round(contact.impact_speed, 2),
        other_speed_mps=round(contact.actor_speed, 2),
    )
