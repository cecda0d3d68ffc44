"""A minimal driver that keeps lane and speed; forecasts assume that the ego does this."""

from __future__ import annotations

from drive_stack.rl.pursuit import steer_to_lane
from drive_stack.road_map import RoadMap
from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState

_SPEED_GAIN = 0.8  # [1/s]


def hold_lane(ego: EgoState, road: RoadMap, lane: int, speed: float, car: VehicleParameters) -> Control:
    """Return the control that follows the centre of a lane at ``speed`` [m/s].

    Steering is pure pursuit; the acceleration is proportional to the speed error.
    """
    acceleration = min(max(_SPEED_GAIN * (speed - ego.speed), car.min_acceleration), car.max_acceleration)
    return Control(steering=steer_to_lane(ego, road, lane, car), acceleration=acceleration)
