"""Steers towards a lane by pure pursuit (Coulter 1992)."""

from __future__ import annotations

import math

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState

_LOOKAHEAD_TIME = 0.9  # [s]
_MIN_LOOKAHEAD = 7.0  # [m]


def steer_to_lane(
    ego: EgoState, road: RoadMap, lane: int, car: VehicleParameters, max_shift: float = math.inf
) -> float:
    """Return the steering angle [rad] that leads to the centre of a lane.

    Args:
        ego: State of the ego.
        road: The road.
        lane: Index of the lane.
        car: Dimensions of the ego.
        max_shift: Greatest lateral distance between the ego and the point that it steers to [m]. A small
            value makes lane changes gentle.
    """
    station = ego.station + max(_LOOKAHEAD_TIME * ego.speed, _MIN_LOOKAHEAD)
    lateral = road.lanes[lane].lateral_at(station)
    lateral = min(max(lateral, ego.lateral - max_shift), ego.lateral + max_shift)
    target, _ = road.to_world(np.asarray(station), np.asarray(lateral))
    dx, dy = float(target[0]) - ego.x, float(target[1]) - ego.y
    left = dy * math.cos(ego.yaw) - dx * math.sin(ego.yaw)
    return math.atan(car.wheelbase * 2.0 * left / (dx * dx + dy * dy))
