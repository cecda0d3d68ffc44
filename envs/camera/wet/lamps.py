"""Where the lit lamps of vehicles are in the picture, for their streaks on a wet road."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import to_local
from drive_stack.types import FloatArray
from drive_stack.world_state import Light, WorldState

_TAIL, _BRAKE, _HEAD = (255.0, 26.0, 20.0), (255.0, 44.0, 28.0), (255.0, 242.0, 214.0)  # RGB
_TAIL_LUMINANCE, _BRAKE_LUMINANCE, _HEAD_LUMINANCE = 1.2, 2.0, 4.0  # relative to white in daylight
_TAIL_HEIGHT, _HEAD_HEIGHT = 0.8, 0.65  # [m]
_SIDE = 0.38  # distance of a lamp from the middle, as a fraction of the width
_RANGE = 150.0  # [m]


@dataclass(frozen=True, slots=True)
class Lamps:
    """Lit lamps (N,) that shine towards the camera."""

    u: FloatArray  # column [px]
    v: FloatArray  # row of the lamp [px]
    foot_v: FloatArray  # row of the road below it [px]
    distance: FloatArray  # ahead of the camera [m]
    luminance: FloatArray
    colour: FloatArray  # (N, 3) RGB


def lamps_in_view(state: WorldState, camera: CameraModel) -> Lamps:
    """Return the lamps of vehicles ahead; none by day."""
    vehicles, ego = state.vehicles, state.ego
    faces_away = np.cos(vehicles.yaw - ego.yaw) > 0.0
    end = np.where(faces_away, -0.5, 0.5) * vehicles.length
    height, _ = state.road.ground_under(vehicles.x, vehicles.y, vehicles.yaw)
    height = height - state.road.profile.height_at(np.asarray(ego.station))
    lit = ~vehicles.unlit & (state.conditions.light is not Light.DAY)
    feet, tops = [], []
    for side in (-_SIDE, _SIDE):
        cos, sin, left = np.cos(vehicles.yaw), np.sin(vehicles.yaw), side * vehicles.width
        world = np.stack([vehicles.x + end * cos - left * sin, vehicles.y + end * sin + left * cos], axis=1)
        flat = to_local(world, np.array([ego.x, ego.y]), ego.yaw)
        above = np.where(faces_away, _TAIL_HEIGHT, _HEAD_HEIGHT)
        feet.append(np.column_stack([flat, height]))
        tops.append(np.column_stack([flat, height + above]))
    foot, top = (camera.project(np.concatenate(points)) for points in (feet, tops))
    luminance = np.where(vehicles.brake_lamp, _BRAKE_LUMINANCE, _TAIL_LUMINANCE)
    colour = np.where(vehicles.brake_lamp[:, None], np.array(_BRAKE), np.array(_TAIL))
    luminance = np.tile(np.where(faces_away, luminance, _HEAD_LUMINANCE), 2)
    colour = np.tile(np.where(faces_away[:, None], colour, np.array(_HEAD)), (2, 1))
    ahead = np.tile(lit, 2) & (foot[:, 2] > 1.0) & (foot[:, 2] < _RANGE)
    return Lamps(
        top[ahead, 0], top[ahead, 1], foot[ahead, 1], foot[ahead, 2], luminance[ahead], colour[ahead]
    )
