"""Everything solid beside the ego, of whatever kind, as boxes on the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import to_local
from drive_stack.types import FloatArray, ObjectClass
from drive_stack.world_state import WorldState

BODY = (0.4, 0.5)  # a person's depth and breadth [m]


@dataclass(frozen=True, slots=True)
class Solids:
    """One row each: vehicles, then people, then obstacles."""

    id: NDArray[np.int64]
    label: NDArray[np.int64]  # ObjectClass
    pose: FloatArray  # (N, 3) x, y, yaw of the centre in the world [m, rad]
    size: FloatArray  # (N, 3) length, width, height [m]
    speed: FloatArray  # along the yaw [m/s]


def solids_of(state: WorldState) -> Solids:
    """All of them."""
    cars, people, things = state.vehicles, state.pedestrians, state.obstacles
    bodies = [np.full(len(people.id), side) for side in BODY]
    person = np.full(len(people.id), ObjectClass.PEDESTRIAN, dtype=np.int64)
    obstacle = np.full(len(things.id), ObjectClass.OBSTACLE, dtype=np.int64)
    return Solids(
        id=np.concatenate([cars.id, people.id, things.id]),
        label=np.concatenate([cars.label, person, obstacle]),
        pose=np.concatenate([np.column_stack([one.x, one.y, one.yaw]) for one in (cars, people, things)]),
        size=np.concatenate(
            [
                np.column_stack([cars.length, cars.width, cars.height]),
                np.column_stack([*bodies, people.height]),
                np.column_stack([things.length, things.width, things.height]),
            ]
        ),
        speed=np.concatenate([cars.speed, people.speed, np.zeros(len(things.id))]),
    )


def in_ego_frame(solids: Solids, state: WorldState) -> FloatArray:
    """Centres (N, 2) ahead and to the left of the middle of the ego's rear axle [m]."""
    ego = state.ego
    return to_local(solids.pose[:, :2], np.array([ego.x, ego.y]), ego.yaw)
