"""Which moments of an episode are worth a frame.

Most of a highway drive shows no one within reach of the camera. Frames are drawn so that people
and traffic are common in them, and the empty road still has its part. In a lane that ends, most are
kept for its last stretch.
"""

from __future__ import annotations

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import to_local
from drive_stack.types import FloatArray
from drive_stack.world_state import WorldState

LEAST_HEIGHT = 8.0  # what is lower in the picture does not count [px]
END_IN_SIGHT = 180.0  # of the ego's lane [m]
AT_END, BEFORE_END = 0.8, 0.4  # least chance near a lane's end; share of the chance before
CHANCE = {"people": 1.0, "traffic": 0.7, "one vehicle": 0.4, "nothing": 0.08}


def chance_of_frame(state: WorldState, camera: CameraModel) -> float:
    """Probability 0 … 1 that this moment is kept, by what stands before the camera, hidden or not,
    and by how near the end of the ego's lane is."""
    chance, road = _chance_by_actors(state, camera), state.road
    end = road.lanes[max(road.lane_at(state.ego.station, state.ego.lateral), 0)].end
    if end >= road.length - 1.0:
        return chance
    return max(chance, AT_END) if end - state.ego.station < END_IN_SIGHT else BEFORE_END * chance


def _chance_by_actors(state: WorldState, camera: CameraModel) -> float:
    people, vehicles = state.pedestrians, state.vehicles
    if _in_view(state, camera, people.x, people.y, people.height):
        return CHANCE["people"]
    seen = _in_view(state, camera, vehicles.x, vehicles.y, vehicles.height)
    if seen >= 2:
        return CHANCE["traffic"]
    return CHANCE["one vehicle"] if seen else CHANCE["nothing"]


def _in_view(state: WorldState, camera: CameraModel, x: FloatArray, y: FloatArray, height: FloatArray) -> int:
    """How many of these stand in the picture, tall enough."""
    ego = state.ego
    plane = to_local(np.stack([x, y], axis=1), np.array([ego.x, ego.y]), ego.yaw)
    u, _, depth = camera.project(np.column_stack([plane, np.zeros(len(plane))])).T
    ahead = depth > 3.0
    tall = camera.focal_px * height >= LEAST_HEIGHT * np.where(ahead, depth, np.inf)
    return int(np.sum(ahead & tall & (np.nan_to_num(u, nan=-1.0) >= 0.0) & (u < camera.width)))
