"""A road of this project as highway-env's road network: an independent reference for road geometry."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from highway_env.road.lane import AbstractLane, CircularLane, LineType, SineLane, StraightLane
from highway_env.road.road import RoadNetwork

from drive_stack.road_map import Lane, RoadMap
from envs.highway_adapter import flip


def segment_boundaries(road: RoadMap) -> tuple[float, ...]:
    """Stations where a piece or a lane starts, opens or ends, the nodes of the network [m]."""
    edges = {float(station) for station in road.piece_station}
    for lane in road.lanes:
        edges |= {edge for edge in (lane.start, lane.opens, lane.end) if 0.0 <= edge <= road.length}
    return tuple(sorted(edges))


def road_network(road: RoadMap, speed_limit: float) -> RoadNetwork:
    """The road as a chain of nodes "0", "1", … at `segment_boundaries`; lanes from left to right.

    Raises `ValueError` if a ramp approaches the road along an arc, for which highway-env has no lane.
    """
    network = RoadNetwork()
    for node, (start, end) in enumerate(pairwise(segment_boundaries(road))):
        covering = [lane for lane in road.lanes if lane.start <= start and end <= lane.end]
        for index, lane in enumerate(covering):
            right = covering[index + 1] if index + 1 < len(covering) else None
            lines = _line_types(index == 0, lane, right, start)
            network.add_lane(
                str(node), str(node + 1), _network_lane(road, lane, start, end, lines, speed_limit)
            )
    return network


def _line_types(leftmost: bool, lane: Lane, right: Lane | None, station: float) -> list[int]:
    """Lines on the left and right; a line between lanes belongs to the lane on its left."""
    closed = right is None or station < max(lane.opens, right.opens)
    return [
        LineType.CONTINUOUS_LINE if leftmost else LineType.NONE,
        LineType.CONTINUOUS_LINE if closed else LineType.STRIPED,
    ]


def _network_lane(
    road: RoadMap, lane: Lane, start: float, end: float, lines: list[int], limit: float
) -> AbstractLane:
    piece = int(road.piece_at(np.asarray((start + end) / 2.0)))
    curvature = float(road.piece_curvature[piece])
    is_approaching = lane.approach != 0.0 and start < lane.opens
    common = {"width": lane.width, "line_types": lines, "speed_limit": limit}
    if curvature == 0.0:
        lateral = lane.offset - lane.approach / 2.0 if is_approaching else lane.offset
        ends, _ = road.to_world(np.array([start, end]), np.full(2, lateral))
        first, last = flip(ends)
        if not is_approaching:
            return StraightLane(first, last, **common)
        pulsation = np.pi / (lane.opens - lane.start)
        phase = np.pi / 2.0 + pulsation * (start - lane.start)
        return SineLane(first, last, lane.approach / 2.0, pulsation, phase, **common)
    if is_approaching:
        raise ValueError("a ramp that approaches along an arc has no counterpart in highway-env")
    point, yaw = road.to_world(np.asarray(start), np.asarray(lane.offset))
    direction = -float(np.sign(curvature))  # +1 if highway-env's phase increases along the lane
    radius = (1.0 - curvature * lane.offset) / abs(curvature)
    phase = -float(yaw) - direction * np.pi / 2.0
    centre = flip(point) - radius * np.array([np.cos(phase), np.sin(phase)])
    last_phase = phase + direction * (end - start) * abs(curvature)
    return CircularLane(centre, radius, phase, last_phase, clockwise=direction > 0.0, **common)
