"""A minimal driver that keeps lane and speed; forecasts assume that the ego does this."""

from __future__ import annotations

import math

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState

_LOOKAHEAD_TIME = 0.9  # [s]
_MIN_LOOKAHEAD = 7.0  # [m]
_SPEED_GAIN = 0.8  # [1/s]


def hold_lane(ego: EgoState, road: RoadMap, lane: int, speed: float, car: VehicleParameters) -> Control:
    """Return the control that follows the centre of a lane at ``speed`` [m/s].

    Steering is pure pursuit (Coulter 1992); the acceleration is proportional to the speed error.
    """
    lookahead = max(_LOOKAHEAD_TIME * ego.speed, _MIN_LOOKAHEAD)
    station = ego.station + lookahead
    target, _ = road.to_world(np.asarray(station), np.asarray(road.lanes[lane].lateral_at(station)))
    dx, dy = float(target[0]) - ego.x, float(target[1]) - ego.y
    lateral = dy * math.cos(ego.yaw) - dx * math.sin(ego.yaw)
    steering = math.atan(car.wheelbase * 2.0 * lateral / (dx * dx + dy * dy))
    acceleration = min(max(_SPEED_GAIN * (speed - ego.speed), car.min_acceleration), car.max_acceleration)
    return Control(steering=steering, acceleration=acceleration)
