"""The true actors around the ego, in the ego frame, which the stages use as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import to_local, wrap_angle
from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.types import FloatArray, ObjectClass
from drive_stack.world_state import VehicleStates, WorldState


@dataclass(frozen=True, slots=True)
class TrueObject:
    """One actor in the ego frame; its velocity is relative to the ground, in the axes of the ego frame."""

    actor: int
    label: ObjectClass
    centre: FloatArray  # (2,) [m]
    velocity: FloatArray  # (2,) [m/s]
    heading: float  # relative to the ego [rad]
    length: float  # [m]

    @property
    def near_point(self) -> FloatArray:
        """The point that a `LiftedObject` locates: see `near_end`."""
        return near_end(self.label, self.centre, self.heading, self.length)


def near_end(label: ObjectClass, centre: FloatArray, heading: float, length: float) -> FloatArray:
    """Centre of the front or rear of a vehicle, whichever is nearer; of other objects the centre (2,) [m]."""
    if GROUPS[label] is not ClassGroup.VEHICLES:
        return centre
    half = np.array([np.cos(heading), np.sin(heading)]) * length / 2.0
    return min((centre - half, centre + half), key=lambda end: float(np.hypot(*end)))


def true_objects(state: WorldState) -> dict[int, TrueObject]:
    """All actors of a state on and next to the ego's carriageway, by their ids."""
    return {true.actor: true for true in _objects(state)}


def background_objects(state: WorldState) -> dict[int, TrueObject]:
    """Vehicles beyond the barrier, by their ids: a driver sees them, and need not track them."""
    background = state.background_vehicles
    if background is None:
        return {}
    return {true.actor: true for true in _vehicles(state, background)}


def _vehicles(state: WorldState, vehicles: VehicleStates) -> Iterator[TrueObject]:
    for row, actor in enumerate(vehicles.id.tolist()):
        pose = np.array([vehicles.x[row], vehicles.y[row], vehicles.yaw[row], vehicles.speed[row]])
        yield _object(state, actor, ObjectClass(int(vehicles.label[row])), pose, float(vehicles.length[row]))


def _objects(state: WorldState) -> Iterator[TrueObject]:
    pedestrians, obstacles = state.pedestrians, state.obstacles
    yield from _vehicles(state, state.vehicles)
    for row, actor in enumerate(pedestrians.id.tolist()):
        pose = np.array(
            [pedestrians.x[row], pedestrians.y[row], pedestrians.yaw[row], pedestrians.speed[row]]
        )
        yield _object(
            state, actor, ObjectClass(int(pedestrians.label[row])), pose, float(pedestrians.length[row])
        )
    for row, actor in enumerate(obstacles.id.tolist()):
        pose = np.array([obstacles.x[row], obstacles.y[row], obstacles.yaw[row], 0.0])
        yield _object(
            state, actor, ObjectClass(int(obstacles.label[row])), pose, float(obstacles.length[row])
        )


def _object(state: WorldState, actor: int, label: ObjectClass, pose: FloatArray, length: float) -> TrueObject:
    """``pose`` holds x, y [m], yaw [rad] and speed [m/s] in the world."""
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
