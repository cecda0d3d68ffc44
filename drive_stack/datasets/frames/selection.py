"""Probability that a moment of an episode is recorded as a frame.

In most moments of a highway drive, no actor is large enough in the image to be detected. Moments with
pedestrians or traffic are therefore recorded more often, while some frames still show an empty road. In an
ending lane, moments shortly before the end are recorded most often.
"""

from __future__ import annotations

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import to_local
from drive_stack.types import FloatArray
from drive_stack.world_state import WorldState

MIN_HEIGHT = 8.0  # actors that are smaller in the image do not count [px]
MAX_END_DISTANCE = 180.0  # the end of the ego's lane is near within this distance [m]
MIN_PROBABILITY_NEAR_END = 0.8  # near the end of an ending lane
FACTOR_BEFORE_END = 0.4  # on the probability in an ending lane, farther from its end
PROBABILITY = {"pedestrians": 1.0, "traffic": 0.7, "one vehicle": 0.4, "nothing": 0.08}


def frame_probability(state: WorldState, camera: CameraModel) -> float:
    """Probability 0 … 1 that this moment is recorded.

    It depends on the actors in the camera's field of view, occluded or not, and on the distance to the end of
    the ego's lane.
    """
    probability, road = _probability_by_actors(state, camera), state.road
    end = road.lanes[max(road.lane_at(state.ego.station, state.ego.lateral), 0)].end
    if end >= road.length - 1.0:
        return probability
    if end - state.ego.station < MAX_END_DISTANCE:
        return max(probability, MIN_PROBABILITY_NEAR_END)
    return FACTOR_BEFORE_END * probability


def _probability_by_actors(state: WorldState, camera: CameraModel) -> float:
    pedestrians, vehicles = state.pedestrians, state.vehicles
    if _count_in_view(state, camera, pedestrians.x, pedestrians.y, pedestrians.height):
        return PROBABILITY["pedestrians"]
    visible = _count_in_view(state, camera, vehicles.x, vehicles.y, vehicles.height)
    if visible >= 2:
        return PROBABILITY["traffic"]
    return PROBABILITY["one vehicle"] if visible else PROBABILITY["nothing"]


def _count_in_view(
    state: WorldState, camera: CameraModel, x: FloatArray, y: FloatArray, height: FloatArray
) -> int:
    """Number of actors inside the image that are at least `MIN_HEIGHT` pixels high.

    ``x``, ``y`` (world frame) and ``height`` are (N,) arrays [m].
    """
    ego = state.ego
    plane = to_local(np.stack([x, y], axis=1), np.array([ego.x, ego.y]), ego.yaw)
    u, _, depth = camera.project(np.column_stack([plane, np.zeros(len(plane))])).T
    ahead = depth > 3.0
    large_enough = camera.focal_px * height >= MIN_HEIGHT * np.where(ahead, depth, np.inf)
    return int(np.sum(ahead & large_enough & (np.nan_to_num(u, nan=-1.0) >= 0.0) & (u < camera.width)))
