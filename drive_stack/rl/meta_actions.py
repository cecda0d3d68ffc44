"""Meta-actions: faster, slower, left, right and idle, with controllers of lane and speed beneath."""

from __future__ import annotations

from enum import IntEnum

from drive_stack.rl.pursuit import steer_to_lane
from drive_stack.road_map import RoadMap
from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState

SPEED_STEPS = 8  # target speeds are multiples of limit / SPEED_STEPS, from standstill to the limit
_SPEED_GAIN = 1.2  # [1/s]
_MAX_SHIFT = 0.9  # of the point that the ego steers to; about 1 m/s of lateral speed in a lane change [m]


class MetaAction(IntEnum):
    """What a policy can choose; the numbers are those of highway-env's ``DiscreteMetaAction``."""

    LEFT = 0
    IDLE = 1
    RIGHT = 2
    FASTER = 3
    SLOWER = 4


class MetaController:
    """Turns meta-actions into controls.

    FASTER and SLOWER set the target speed to the next multiple of an eighth of the speed limit above or below
    the present speed. LEFT and RIGHT set the target lane to the lane next to the present one, if it exists
    and the line between the two may be crossed. IDLE keeps both targets.

    Args:
        car: Dimensions and limits of the ego.
    """

    def __init__(self, car: VehicleParameters) -> None:
        self._car = car
        self._lane = 0
        self._speed_step = 0  # the target speed is this many eighths of the limit

    def reset(self, ego: EgoState, road: RoadMap, speed_limit: float) -> None:
        """Start an episode: the targets are the present lane and speed."""
        self._lane = max(road.lane_at(ego.station, ego.lateral), 0)
        self._speed_step = _speed_step(ego, speed_limit)

    def choose(self, action: MetaAction, ego: EgoState, road: RoadMap, speed_limit: float) -> None:
        """Set the targets of an action; ``speed_limit`` is in m/s."""
        if action is MetaAction.FASTER:
            self._speed_step = min(_speed_step(ego, speed_limit) + 1, SPEED_STEPS)
        elif action is MetaAction.SLOWER:
            self._speed_step = max(_speed_step(ego, speed_limit) - 1, 0)
        elif action is not MetaAction.IDLE:
            self._change_lane(-1 if action is MetaAction.LEFT else 1, ego, road)

    def control(self, ego: EgoState, road: RoadMap, speed_limit: float) -> Control:
        """Return the control that leads to the target lane and speed; ``speed_limit`` is in m/s."""
        target = self._speed_step * speed_limit / SPEED_STEPS
        acceleration = _SPEED_GAIN * (target - ego.speed)
        return Control(
            steering=steer_to_lane(ego, road, self._lane, self._car, _MAX_SHIFT),
            acceleration=min(max(acceleration, self._car.min_acceleration), self._car.max_acceleration),
        )

    def _change_lane(self, side: int, ego: EgoState, road: RoadMap) -> None:
        lane = road.lane_at(ego.station, ego.lateral)
        if lane < 0:
            return
        other = road.adjacent_lane(lane, side, ego.station)
        if other >= 0 and road.may_cross(lane, other, ego.station):
            self._lane = other


def _speed_step(ego: EgoState, speed_limit: float) -> int:
    return min(round(SPEED_STEPS * ego.speed / speed_limit), SPEED_STEPS)
