"""The lane estimate that the driver used, compared with the road."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import to_local, wrap_angle
from drive_stack.road_map import Lane, RoadMap
from drive_stack.types import LaneEstimate
from drive_stack.world_state import WorldState

AHEAD_DISTANCES = (20.0, 40.0, 60.0)  # at which the estimated centre line is compared [m]
LINE_TOLERANCE = 0.5  # this close to the line between two lanes, either may be the ego lane [m]


@dataclass(frozen=True, slots=True)
class LaneSample:
    """Errors of one lane estimate, relative to the true lane that it most likely refers to."""

    correct_lane: bool  # it refers to the lane that the ego is in
    offset_error: float  # [m], positive: the ego is estimated too far left
    heading_error: float  # [rad]
    curvature_error: float  # [1/m]
    ahead_errors: tuple[
        float, ...
    ]  # lateral, of the centre line at `AHEAD_DISTANCES` [m]; NaN beyond its end
    enterable_correct: tuple[bool, bool]  # whether ``enterable`` of the left and the right lane is correct


def lane_sample(lanes: LaneEstimate, state: WorldState) -> LaneSample:
    """Compare an estimate with the lane whose lateral offset is nearest to the estimated one."""
    road, ego = state.road, state.ego
    covering = [index for index, lane in enumerate(road.lanes) if lane.covers(ego.station)]
    offsets = {index: ego.lateral - road.lanes[index].lateral_at(ego.station) for index in covering}
    estimated = min(covering, key=lambda index: abs(offsets[index] - lanes.offset))
    own = max(road.lane_at(ego.station, ego.lateral), 0)
    lane = road.lanes[estimated]
    near_line = abs(abs(offsets[own]) - road.lanes[own].width / 2.0) < LINE_TOLERANCE
    slope = lane.lateral_at(ego.station + 0.5) - lane.lateral_at(ego.station - 0.5)
    kappa = float(road.curvature_at(np.asarray(ego.station)))
    scale = 1.0 - kappa * lane.lateral_at(ego.station)
    road_yaw = float(road.to_world(np.asarray(ego.station), np.asarray(0.0))[1])
    heading = ego.yaw - road_yaw - float(np.arctan2(slope, scale))
    return LaneSample(
        correct_lane=estimated == own or near_line,
        offset_error=lanes.offset - offsets[estimated],
        heading_error=wrap_angle(lanes.heading - heading),
        curvature_error=lanes.curvature - kappa / scale,
        ahead_errors=_ahead_errors(lanes, state, lane),
        enterable_correct=(
            lanes.left.enterable == _enterable(road, estimated, -1, ego.station),
            lanes.right.enterable == _enterable(road, estimated, 1, ego.station),
        ),
    )


def _enterable(road: RoadMap, index: int, side: int, station: float) -> bool:
    adjacent = road.adjacent_lane(index, side, station)
    return adjacent >= 0 and road.may_cross(index, adjacent, station)


def _ahead_errors(lanes: LaneEstimate, state: WorldState, lane: Lane) -> tuple[float, ...]:
    """How far left of the true centre line the estimated one lies at `AHEAD_DISTANCES` [m]."""
    ego = state.ego
    station = ego.station + np.arange(-5.0, 1.5 * AHEAD_DISTANCES[-1])
    world, _ = state.road.to_world(station, lane.laterals_at(station))
    true = to_local(world, np.array([ego.x, ego.y]), ego.yaw)
    estimated = lanes.path.xy
    return tuple(
        float(np.interp(x, estimated[:, 0], estimated[:, 1]) - np.interp(x, true[:, 0], true[:, 1]))
        if estimated[-1, 0] >= x and lane.covers(ego.station + x)
        else float("nan")
        for x in AHEAD_DISTANCES
    )
