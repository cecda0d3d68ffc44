"""All other actors of a world state as boxes on the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import to_local
from drive_stack.types import FloatArray
from drive_stack.world_state import WalkerKind, WorldState

PEDESTRIAN_SIZE = (0.4, 0.5)  # length and width [m]


@dataclass(frozen=True, slots=True)
class ActorBoxes:
    """One row for each actor: vehicles, then pedestrians and all that move like them, then obstacles."""

    id: NDArray[np.int64]
    label: NDArray[np.int64]  # ObjectClass
    pose: FloatArray  # (N, 3) x, y, yaw of the centre in the world [m, rad]
    size: FloatArray  # (N, 3) length, width, height [m]
    speed: FloatArray  # along the yaw [m/s]


def all_actor_boxes(state: WorldState) -> ActorBoxes:
    """The boxes of all vehicles, pedestrians and obstacles of ``state``."""
    vehicles, pedestrians, obstacles = state.vehicles, state.pedestrians, state.obstacles
    is_person = pedestrians.kind == WalkerKind.PERSON
    sizes = [
        np.where(is_person, of_person, own)
        for of_person, own in zip(PEDESTRIAN_SIZE, (pedestrians.length, pedestrians.width), strict=True)
    ]
    return ActorBoxes(
        id=np.concatenate([vehicles.id, pedestrians.id, obstacles.id]),
        label=np.concatenate([vehicles.label, pedestrians.label, obstacles.label]),
        pose=np.concatenate(
            [np.column_stack([group.x, group.y, group.yaw]) for group in (vehicles, pedestrians, obstacles)]
        ),
        size=np.concatenate(
            [
                np.column_stack([vehicles.length, vehicles.width, vehicles.height]),
                np.column_stack([*sizes, pedestrians.height]),
                np.column_stack([obstacles.length, obstacles.width, obstacles.height]),
            ]
        ),
        speed=np.concatenate([vehicles.speed, pedestrians.speed, np.zeros(len(obstacles.id))]),
    )


def centres_in_ego_frame(boxes: ActorBoxes, state: WorldState) -> FloatArray:
    """Centres (N, 2) of the boxes in the ego frame [m]."""
    ego = state.ego
    return to_local(boxes.pose[:, :2], np.array([ego.x, ego.y]), ego.yaw)
