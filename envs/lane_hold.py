"""The least a driver does: hold the lane and the speed. Forecasts assume it of the ego."""

from __future__ import annotations

import math

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState

_LOOKAHEAD_TIME = 0.9  # [s]
_LOOKAHEAD_LEAST = 7.0  # [m]
_SPEED_GAIN = 0.8  # [1/s]


def hold_lane(ego: EgoState, road: RoadMap, lane: int, speed: float, car: VehicleParameters) -> Control:
    """Pure pursuit (Coulter 1992) of the lane's centre, and a proportional hold of ``speed`` [m/s]."""
    ahead = max(_LOOKAHEAD_TIME * ego.speed, _LOOKAHEAD_LEAST)
    station = ego.station + ahead
    target, _ = road.to_world(np.asarray(station), np.asarray(road.lanes[lane].lateral_at(station)))
    dx, dy = float(target[0]) - ego.x, float(target[1]) - ego.y
    aside = dy * math.cos(ego.yaw) - dx * math.sin(ego.yaw)
    steering = math.atan(car.wheelbase * 2.0 * aside / (dx * dx + dy * dy))
    acceleration = min(max(_SPEED_GAIN * (speed - ego.speed), car.min_acceleration), car.max_acceleration)
    return Control(steering=steering, acceleration=acceleration)
