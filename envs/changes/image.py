"""Changes of the image: the state that the camera draws differs from that of the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from drive_stack.interventions.scene import SceneChange, SceneIntervention
from drive_stack.objects.vehicles import concatenate_vehicles
from drive_stack.types import ObjectClass
from drive_stack.world_state import (
    Conditions,
    Light,
    ObstacleStates,
    Optics,
    PedestrianStates,
    VehicleStates,
    WalkerKind,
    Weather,
    WorldState,
)

from ..bodies import BODIES

Rows = TypeVar("Rows", VehicleStates, PedestrianStates, ObstacleStates)

_BODY = {body.name: index for index, body in enumerate(BODIES)}
_SILVER = (182, 186, 190)
_CAR_SIZE = (4.7, 1.85, 1.45)  # length, width, height [m]
_CLOTHES = ((200, 60, 50), (40, 44, 60), (60, 44, 32), (224, 184, 152))  # top, trousers, hair, skin


def drawn_state(state: WorldState, changes: Sequence[SceneIntervention]) -> WorldState:
    """Return the state that the camera draws instead of ``state``."""
    for change in changes:
        apply = _ACTOR_CHANGES.get(change.change)
        if change.actor is not None and apply is not None:
            state = apply(state, change.actor)
    conditions = drawn_conditions(state.conditions, changes)
    return state if conditions is state.conditions else replace(state, conditions=conditions)


def drawn_conditions(conditions: Conditions, changes: Sequence[SceneIntervention]) -> Conditions:
    """Return the conditions in which the camera draws the scene instead of ``conditions``."""
    kinds = {change.change for change in changes}
    if SceneChange.CLEAR_DAY in kinds:
        plain = Conditions()
        conditions = replace(
            conditions, weather=Weather.CLEAR, light=Light.DAY, visibility=plain.visibility, rain_rate=0.0,
            sun_azimuth=plain.sun_azimuth, sun_elevation=plain.sun_elevation, optics=Optics(), wet_gloss=0.0,
            spray=0.0,
        )  # fmt: skip
    if SceneChange.FRESH_PAINT in kinds:
        markings = replace(conditions.markings, worn=(), ghosts=())
        conditions = replace(conditions, paint_wear=0.0, markings=markings)
    return conditions


def _hidden(state: WorldState, actor: int) -> WorldState:
    return replace(
        state,
        vehicles=without_actor(state.vehicles, actor),
        pedestrians=without_actor(state.pedestrians, actor),
        obstacles=without_actor(state.obstacles, actor),
    )


def _plain(state: WorldState, actor: int) -> WorldState:
    """A vehicle as a silver sedan or box truck of its size with its lamps lit, a person in plain clothes."""
    vehicles, people = state.vehicles, state.pedestrians
    row, person = vehicles.id == actor, (people.id == actor) & (people.kind == WalkerKind.PERSON)
    large = row & (vehicles.label == ObjectClass.LARGE_VEHICLE)
    small = row & ~large & (vehicles.label != ObjectClass.MOTORCYCLE)
    body = np.where(large, _BODY["box_truck"], np.where(small, _BODY["sedan"], vehicles.body))
    vehicles = replace(
        vehicles,
        body=body,
        label=np.where(small, int(ObjectClass.CAR), vehicles.label),
        colour=np.where(row[:, None], np.array(_SILVER, dtype=np.uint8), vehicles.colour),
        unlit=vehicles.unlit & ~row,
    )
    clothes = np.where(person[:, None, None], np.array(_CLOTHES, dtype=np.uint8), people.clothes)
    return replace(state, vehicles=vehicles, pedestrians=replace(people, clothes=clothes))


def _as_car(state: WorldState, actor: int) -> WorldState:
    """A silver sedan where the actor is, with its direction and speed; vehicles stay as they are."""
    for group in (state.pedestrians, state.obstacles):
        rows = np.flatnonzero(group.id == actor)
        if len(rows):
            row = int(rows[0])
            speed = float(group.speed[row]) if isinstance(group, PedestrianStates) else 0.0
            car = _sedan(actor, float(group.x[row]), float(group.y[row]), state.ego.yaw, speed)
            hidden = _hidden(state, actor)
            return replace(hidden, vehicles=concatenate_vehicles(hidden.vehicles, car))
    return state


def _sedan(actor: int, x: float, y: float, yaw: float, speed: float) -> VehicleStates:
    """One row: a car along the ego's direction, at the place and speed of the actor."""
    length, width, height = (np.array([size]) for size in _CAR_SIZE)
    zero, no, lane = np.zeros(1), np.zeros(1, dtype=np.bool_), np.full(1, -1, dtype=np.int64)
    return VehicleStates(
        id=np.array([actor], dtype=np.int64), x=np.array([x]), y=np.array([y]), yaw=np.array([yaw]),
        speed=np.array([speed]), acceleration=zero, length=length, width=width, height=height,
        label=np.array([int(ObjectClass.CAR)], dtype=np.int64),
        body=np.array([_BODY["sedan"]], dtype=np.int64), colour=np.array([_SILVER], dtype=np.uint8),
        lane=lane, target_lane=lane, station=zero, lateral=zero, brake_lamp=~no,
        indicator=np.zeros(1, dtype=np.int64), parked=no, unlit=no,
    )  # fmt: skip


def without_actor(rows: Rows, actor: int) -> Rows:
    """The states without the row of one actor."""
    keep = rows.id != actor
    return rows if keep.all() else _selected(rows, keep)


def _selected(rows: Rows, keep: NDArray[np.bool_]) -> Rows:
    return replace(rows, **{field.name: getattr(rows, field.name)[keep] for field in fields(rows)})


_ACTOR_CHANGES: dict[SceneChange, Callable[[WorldState, int], WorldState]] = {
    SceneChange.HIDDEN: _hidden,
    SceneChange.PLAIN_LOOK: _plain,
    SceneChange.AS_CAR: _as_car,
}
