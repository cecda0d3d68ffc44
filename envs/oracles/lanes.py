"""Lanes as the road map has them."""

from __future__ import annotations

import numpy as np

from drive_stack.geometry import to_local, wrap_angle
from drive_stack.interfaces import TruthSource
from drive_stack.road_map import RoadMap
from drive_stack.types import AdjacentLane, FloatArray, Image, LaneEstimate, LanePath
from drive_stack.world_state import EgoState

BEHIND, AHEAD, STEP = 10.0, 150.0, 2.0  # of the sampled path [m]
BESIDE = 1.4  # a lane farther away than this many widths is not adjacent


class TrueLanes:
    """Exact lane estimates."""

    def __init__(self, truth: TruthSource) -> None:
        self._truth = truth

    def reset(self) -> None:
        """Nothing is remembered."""

    def estimate(self, image: Image | None, speed: float, yaw_rate: float) -> LaneEstimate:  # noqa: ARG002
        """The lanes about the ego; the image is not looked at."""
        state = self._truth.world_state()
        return lane_estimate(state.road, state.ego)


def lane_estimate(road: RoadMap, ego: EgoState) -> LaneEstimate:
    """What the map says of the lane whose centre is nearest to the rear axle, and of its neighbours."""
    index = max(road.lane_at(ego.station, ego.lateral), 0)
    lane = road.lanes[index]
    path = _path(road, index, ego)
    abreast = int(np.argmin(np.abs(path.station)))
    return LaneEstimate(
        offset=ego.lateral - lane.lateral_at(ego.station),
        heading=wrap_angle(-float(path.heading[abreast])),
        curvature=float(path.curvature[abreast]),
        width=lane.width,
        path=path,
        left=_adjacent(road, index, -1, ego.station),
        right=_adjacent(road, index, 1, ego.station),
        confidence=1.0,
        ends_in=_ends_in(road, index, ego.station),
    )


def _path(road: RoadMap, index: int, ego: EgoState) -> LanePath:
    along = np.arange(-BEHIND, AHEAD + STEP, STEP)
    station = ego.station + along
    lane = road.lanes[index]
    lateral = np.array([lane.lateral_at(float(s)) for s in station])
    world, yaw = road.to_world(station, lateral)
    slope = np.gradient(lateral, station) if lane.approach else np.zeros_like(lateral)
    road_kappa = road.curvature_at(station)
    scale = 1.0 - road_kappa * lateral
    heading = yaw + np.arctan2(slope, scale) - ego.yaw
    steps = np.hypot(*np.diff(world, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    bend = np.gradient(slope, station) if lane.approach else 0.0
    return LanePath(
        station=length - float(np.interp(0.0, along, length)),
        xy=to_local(world, np.array([ego.x, ego.y]), ego.yaw),
        heading=_near_zero(heading, along),
        curvature=np.asarray(road_kappa / scale + bend, dtype=np.float64),
    )


def _near_zero(heading: FloatArray, along: FloatArray) -> FloatArray:
    """The same headings [rad], continuous, with that abreast of the ego in [−π, π)."""
    here = float(np.interp(0.0, along, heading))
    return np.asarray(heading - here + wrap_angle(here), dtype=np.float64)


def _adjacent(road: RoadMap, index: int, side: int, station: float) -> AdjacentLane:
    other = road.neighbour(index, side, station)
    if other < 0:
        return AdjacentLane(exists=False, enterable=False, width=0.0)
    lane, mine = road.lanes[other], road.lanes[index]
    apart = abs(lane.lateral_at(station) - mine.lateral_at(station))
    if apart > BESIDE * mine.width:
        return AdjacentLane(exists=False, enterable=False, width=0.0)
    return AdjacentLane(
        exists=True,
        enterable=road.may_cross(index, other, station),
        width=lane.width,
        ends_in=_ends_in(road, other, station),
    )


def _ends_in(road: RoadMap, index: int, station: float) -> float:
    """Distance to a lane's end [m]; inf where it goes on as long as the road."""
    end = road.lanes[index].end
    return float("inf") if end >= road.length - 1.0 else end - station
