"""The true road ahead of the ego, as few numbers: what labels of affordances are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.direct_perception.affordances import GRADE_LENGTH, KNOTS
from drive_stack.geometry import wrap_angle
from drive_stack.road_map import RoadMap
from drive_stack.world_state import WorldState

MAX_SPACING = 1.4  # between the centres of adjacent lanes, in lane widths


@dataclass(frozen=True, slots=True)
class RoadAhead:
    """The ego's pose in its lane, which is the one whose centre is nearest, and the road ahead."""

    offset: float  # of the rear axle to the left of the lane's centre [m]
    heading: float  # ego yaw minus the direction of the road [rad]
    lane_width: float  # [m]
    curvature: tuple[float, ...]  # of the road at each of `KNOTS` [1/m], positive to the left
    grade: float  # mean of the next `GRADE_LENGTH`, relative to the road under the ego, positive uphill
    left: bool  # there is a lane on the left that may be entered
    right: bool
    ends_in: float  # distance from the rear axle to the end of the lane [m]; inf where it does not end
    recognition_distance: float  # at which an object is recognised in this weather [m]


def road_ahead(state: WorldState) -> RoadAhead:
    """The road ahead of the ego of ``state``."""
    road, ego = state.road, state.ego
    index = max(road.lane_at(ego.station, ego.lateral), 0)
    lane = road.lanes[index]
    _, yaw = road.to_world(np.asarray(ego.station), np.asarray(ego.lateral))
    here, later = road.profile.height_at(ego.station + np.array([0.0, GRADE_LENGTH]))
    slope = road.profile.grade_at_one(ego.station)
    return RoadAhead(
        offset=ego.lateral - lane.lateral_at(ego.station),
        heading=wrap_angle(ego.yaw - float(yaw)),
        lane_width=lane.width,
        curvature=tuple(road.curvature_at(ego.station + np.array(KNOTS)).tolist()),
        grade=float(later - here) / GRADE_LENGTH - slope,
        left=_may_enter(road, index, -1, ego.station),
        right=_may_enter(road, index, 1, ego.station),
        ends_in=float("inf") if lane.end >= road.length - 1.0 else lane.end - ego.station,
        recognition_distance=state.conditions.recognition_distance,
    )


def _may_enter(road: RoadMap, index: int, side: int, station: float) -> bool:
    other = road.adjacent_lane(index, side, station)
    if other < 0:
        return False
    spacing = abs(road.lanes[other].lateral_at(station) - road.lanes[index].lateral_at(station))
    return spacing <= MAX_SPACING * road.lanes[index].width and road.may_cross(index, other, station)
