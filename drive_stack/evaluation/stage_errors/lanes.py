"""The estimated lanes, as the driver used them, against the road."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import to_local, wrap_angle
from drive_stack.road_map import Lane, RoadMap
from drive_stack.types import LaneEstimate
from drive_stack.world_state import WorldState

AHEAD = (20.0, 40.0, 60.0)  # where the estimated centre line is looked at [m]
EITHER = 0.5  # so near to the line between two lanes either may be called the ego's [m]


@dataclass(frozen=True, slots=True)
class LaneSample:
    """The lanes at one instant. Errors are those to the centre of the lane meant."""

    confidence: float
    right_lane: bool  # the lane meant is the one the ego is in
    offset_error: float  # [m], positive: the ego thought too far left
    heading_error: float  # [rad]
    curvature_error: float  # [1/m]
    ahead_error: tuple[float, ...]  # lateral, of the centre line `AHEAD` of the ego [m], NaN beyond its end
    enterable_right: tuple[bool, bool]  # whether it is known if the left, right lane may be entered


def lane_sample(lanes: LaneEstimate, state: WorldState) -> LaneSample:
    """Which lane is meant, and how well its line and its neighbours are known."""
    road, ego = state.road, state.ego
    there = [index for index, lane in enumerate(road.lanes) if lane.covers(ego.station)]
    offsets = {index: ego.lateral - road.lanes[index].lateral_at(ego.station) for index in there}
    meant = min(there, key=lambda index: abs(offsets[index] - lanes.offset))
    mine = max(road.lane_at(ego.station, ego.lateral), 0)
    lane = road.lanes[meant]
    near_line = abs(abs(offsets[mine]) - road.lanes[mine].width / 2.0) < EITHER
    slope = lane.lateral_at(ego.station + 0.5) - lane.lateral_at(ego.station - 0.5)
    kappa = float(road.curvature_at(np.asarray(ego.station)))
    scale = 1.0 - kappa * lane.lateral_at(ego.station)
    along = float(road.to_world(np.asarray(ego.station), np.asarray(0.0))[1])
    heading = ego.yaw - along - float(np.arctan2(slope, scale))
    return LaneSample(
        confidence=lanes.confidence,
        right_lane=meant == mine or near_line,
        offset_error=lanes.offset - offsets[meant],
        heading_error=wrap_angle(lanes.heading - heading),
        curvature_error=lanes.curvature - kappa / scale,
        ahead_error=_ahead(lanes, state, lane),
        enterable_right=(
            lanes.left.enterable == _enterable(road, meant, -1, ego.station),
            lanes.right.enterable == _enterable(road, meant, 1, ego.station),
        ),
    )


def _enterable(road: RoadMap, index: int, side: int, station: float) -> bool:
    other = road.neighbour(index, side, station)
    return other >= 0 and road.may_cross(index, other, station)


def _ahead(lanes: LaneEstimate, state: WorldState, lane: Lane) -> tuple[float, ...]:
    """How far left of the true centre line the estimated one lies, at points ahead [m]."""
    ego = state.ego
    station = ego.station + np.arange(-5.0, 1.5 * AHEAD[-1])
    world, _ = state.road.to_world(station, lane.laterals_at(station))
    true = to_local(world, np.array([ego.x, ego.y]), ego.yaw)
    estimated = lanes.path.xy
    return tuple(
        float(np.interp(x, estimated[:, 0], estimated[:, 1]) - np.interp(x, true[:, 0], true[:, 1]))
        if estimated[-1, 0] >= x and lane.covers(ego.station + x)
        else float("nan")
        for x in AHEAD
    )
