"""The actor that a race is about, and where it is relative to a driver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import to_world
from drive_stack.objects.classes import GROUPS, ClassGroup, contact_name
from drive_stack.types import Contact, FloatArray, Track
from drive_stack.world_state import ObstacleStates, WorldState

# A track is that of an actor if their centres are closer than this: a constant [m] and a fraction of the
# distance from the ego, since range errors of a camera grow with it
_GATE, _GATE_PER_METRE = 2.0, 0.06


@dataclass(frozen=True, slots=True)
class Hazard:
    """The actor that a driver hit."""

    actor_id: int
    name: str  # "pedestrian", "vehicle"
    group: ClassGroup

    @classmethod
    def of(cls, contact: Contact) -> Hazard | None:
        """The actor of a contact; None for the rail, which is no actor."""
        if contact.label is None:
            return None
        return cls(contact.actor_id, contact_name(contact), GROUPS[contact.label])

    @property
    def walks(self) -> bool:
        """Whether it is a pedestrian, cyclist, wheelchair user or animal."""
        return self.group is ClassGroup.PEDESTRIANS


@dataclass(frozen=True, slots=True)
class Place:
    """Where an actor is, seen from an ego; lengths along and across the road."""

    xy: FloatArray  # (2,) centre in the world [m]
    ahead: float  # from the ego's front to the actor's near end [m]; negative next to and behind the front
    behind: float  # from the actor's far end to the ego's rear [m]; positive when it has been passed
    clearance: float  # across the road, between both sides [m]; negative where they overlap
    in_lane: bool  # some part of it is in the ego's lane
    speed: float  # [m/s]


def place_of(hazard: Hazard, state: WorldState) -> Place | None:
    """Where the hazard is in a state; None where the world does not hold it."""
    ego, car = state.ego, state.car
    for group in (state.vehicles, state.pedestrians, state.obstacles):
        rows = np.flatnonzero(group.id == hazard.actor_id)
        if len(rows):
            break
    else:
        return None
    row = rows[0]
    x, y, length, width = (float(part[row]) for part in (group.x, group.y, group.length, group.width))
    speed = 0.0 if isinstance(group, ObstacleStates) else float(group.speed[row])
    station, lateral, _ = state.road.to_road(x, y, ego.station)
    centre, across = ego.station + car.centre_ahead, abs(lateral - ego.lateral)
    apart = station - centre
    reach = (length + car.length) / 2.0
    index = state.road.lane_at(ego.station, ego.lateral)
    lane_width = state.road.lanes[max(index, 0)].width
    return Place(
        xy=np.array([x, y]),
        ahead=apart - reach,
        behind=-apart - reach,
        clearance=across - (width + car.width) / 2.0,
        in_lane=across < (lane_width + width) / 2.0,
        speed=speed,
    )


def is_tracked_as(hazard: Hazard, track: Track, place: Place, state: WorldState) -> bool:
    """Whether a track, in the frame of the ego of ``state``, is that of the hazard at ``place``.

    It has to be of the hazard's group of classes and close to it, and closer than to any other actor.
    """
    if GROUPS[track.label] is not hazard.group:
        return False
    origin = np.array([state.ego.x, state.ego.y])
    estimated = to_world(track.position, origin, state.ego.yaw)
    error = float(np.hypot(*(estimated - place.xy)))
    if error > _GATE + _GATE_PER_METRE * float(np.hypot(*(place.xy - origin))):
        return False
    groups = state.vehicles, state.pedestrians, state.obstacles
    xy = np.concatenate([np.stack([group.x, group.y], axis=1) for group in groups])
    return error <= float(np.hypot(*(xy - estimated).T).min()) + 1e-9
