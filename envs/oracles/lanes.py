"""Oracle lane detector, which reads the road map."""

from __future__ import annotations

import numpy as np

from drive_stack.geometry import to_local, wrap_angle
from drive_stack.interfaces import TruthSource
from drive_stack.road_map import RoadMap
from drive_stack.types import AdjacentLane, FloatArray, Image, LaneEstimate, LanePath
from drive_stack.world_state import EgoState

RANGE_BEHIND, RANGE_AHEAD, STEP = 10.0, 150.0, 2.0  # of the sampled path [m]
MAX_ADJACENT_DISTANCE = 1.4  # of the centre of an adjacent lane, in lane widths


class TrueLanes:
    """Gives exact lane estimates."""

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth

    def reset(self) -> None:
        """Do nothing; this stage has no state."""

    def estimate(self, image: Image | None, speed: float, yaw_rate: float) -> LaneEstimate:  # noqa: ARG002
        """Return the lanes around the ego; the arguments are not used."""
        state = self._truth.world_state()
        return true_lane_estimate(state.road, state.ego)


def true_lane_estimate(road: RoadMap, ego: EgoState) -> LaneEstimate:
    """Return the lane whose centre is nearest to the rear axle, and its adjacent lanes, from the map."""
    index = max(road.lane_at(ego.station, ego.lateral), 0)
    lane = road.lanes[index]
    path = _path(road, index, ego)
    nearest = int(np.argmin(np.abs(path.station)))
    return LaneEstimate(
        offset=ego.lateral - lane.lateral_at(ego.station),
        heading=wrap_angle(-float(path.heading[nearest])),
        curvature=float(path.curvature[nearest]),
        width=lane.width,
        path=path,
        left=_adjacent(road, index, -1, ego.station),
        right=_adjacent(road, index, 1, ego.station),
        confidence=1.0,
        ends_in=_ends_in(road, index, ego.station),
    )


def _path(road: RoadMap, index: int, ego: EgoState) -> LanePath:
    distance = np.arange(-RANGE_BEHIND, RANGE_AHEAD + STEP, STEP)
    station = ego.station + distance
    lane = road.lanes[index]
    lateral = np.array([lane.lateral_at(float(s)) for s in station])
    world, yaw = road.to_world(station, lateral)
    slope = np.gradient(lateral, station) if lane.approach else np.zeros_like(lateral)
    road_curvature = road.curvature_at(station)
    scale = 1.0 - road_curvature * lateral
    heading = yaw + np.arctan2(slope, scale) - ego.yaw
    steps = np.hypot(*np.diff(world, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    slope_rate = np.gradient(slope, station) if lane.approach else 0.0
    return LanePath(
        station=length - float(np.interp(0.0, distance, length)),
        xy=to_local(world, np.array([ego.x, ego.y]), ego.yaw),
        heading=_unwrap_at_ego(heading, distance),
        curvature=np.asarray(road_curvature / scale + slope_rate, dtype=np.float64),
    )


def _unwrap_at_ego(heading: FloatArray, distance: FloatArray) -> FloatArray:
    """Shift continuous headings [rad] by a multiple of 2π, so that the one at the ego is in [−π, π)."""
    at_ego = float(np.interp(0.0, distance, heading))
    return np.asarray(heading - at_ego + wrap_angle(at_ego), dtype=np.float64)


def _adjacent(road: RoadMap, index: int, side: int, station: float) -> AdjacentLane:
    other = road.adjacent_lane(index, side, station)
    if other < 0:
        return AdjacentLane(exists=False, enterable=False, width=0.0)
    lane, own_lane = road.lanes[other], road.lanes[index]
    distance = abs(lane.lateral_at(station) - own_lane.lateral_at(station))
    if distance > MAX_ADJACENT_DISTANCE * own_lane.width:
        return AdjacentLane(exists=False, enterable=False, width=0.0)
    return AdjacentLane(
        exists=True,
        enterable=road.may_cross(index, other, station),
        width=lane.width,
        ends_in=_ends_in(road, other, station),
    )


def _ends_in(road: RoadMap, index: int, station: float) -> float:
    """Distance to a lane's end [m]; infinite if the lane is as long as the road."""
    end = road.lanes[index].end
    return float("inf") if end >= road.length - 1.0 else end - station
