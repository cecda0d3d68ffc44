"""Everything true around the ego, in the frame and at the points that stages speak of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from drive_stack.geometry import to_local, wrap_angle
from drive_stack.types import FloatArray, ObjectClass
from drive_stack.world_state import WorldState


class Group(StrEnum):
    """Classes that are told apart in identity: a van taken for a car is still the same vehicle."""

    VEHICLES = "vehicles"
    PEOPLE = "people"
    OBSTACLES = "obstacles"


GROUPS = {
    ObjectClass.CAR: Group.VEHICLES,
    ObjectClass.LARGE_VEHICLE: Group.VEHICLES,
    ObjectClass.PEDESTRIAN: Group.PEOPLE,
    ObjectClass.OBSTACLE: Group.OBSTACLES,
}


@dataclass(frozen=True, slots=True)
class TrueObject:
    """One actor in the ego frame; velocity over ground, along the present ego axes."""

    actor: int
    label: ObjectClass
    centre: FloatArray  # (2,) [m]
    velocity: FloatArray  # (2,) [m/s]
    heading: float  # relative to the ego [rad]
    length: float  # [m]

    @property
    def near(self) -> FloatArray:
        """The point a `LiftedObject` means: a vehicle's nearer end, else the middle; (2,) [m]."""
        return near_end(self.label, self.centre, self.heading, self.length)


def near_end(label: ObjectClass, centre: FloatArray, heading: float, length: float) -> FloatArray:
    """The middle of the end of a vehicle that is nearer to the ego, the centre of all else; (2,) [m]."""
    if GROUPS[label] is not Group.VEHICLES:
        return centre
    half = np.array([np.cos(heading), np.sin(heading)]) * length / 2.0
    return min((centre - half, centre + half), key=lambda end: float(np.hypot(*end)))


def true_objects(state: WorldState) -> dict[int, TrueObject]:
    """All actors by their ids."""
    return {one.actor: one for one in _objects(state)}


def _objects(state: WorldState) -> Iterator[TrueObject]:
    vehicles, people, things = state.vehicles, state.pedestrians, state.obstacles
    for row, actor in enumerate(vehicles.id.tolist()):
        pose = np.array([vehicles.x[row], vehicles.y[row], vehicles.yaw[row], vehicles.speed[row]])
        yield _object(state, actor, ObjectClass(int(vehicles.label[row])), pose, float(vehicles.length[row]))
    for row, actor in enumerate(people.id.tolist()):
        pose = np.array([people.x[row], people.y[row], people.yaw[row], people.speed[row]])
        yield _object(state, actor, ObjectClass.PEDESTRIAN, pose, 2.0 * float(people.radius[row]))
    for row, actor in enumerate(things.id.tolist()):
        pose = np.array([things.x[row], things.y[row], things.yaw[row], 0.0])
        yield _object(state, actor, ObjectClass.OBSTACLE, pose, float(things.length[row]))


def _object(state: WorldState, actor: int, label: ObjectClass, pose: FloatArray, length: float) -> TrueObject:
    """From ``pose``: x, y [m], yaw [rad], speed [m/s] in the world."""
    ego = state.ego
    heading = wrap_angle(float(pose[2]) - ego.yaw)
    return TrueObject(
        actor=actor,
        label=label,
        centre=to_local(pose[:2], np.array([ego.x, ego.y]), ego.yaw),
        velocity=float(pose[3]) * np.array([np.cos(heading), np.sin(heading)]),
        heading=heading,
        length=length,
    )
