"""Painted arrows that direct traffic out of an ending lane (StVO sign 297.1)."""

from __future__ import annotations

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray

_SPACING, _FIRST, _LAST = 40.0, 240.0, 30.0  # between arrows, first and last one before the end [m]
# corners of the pieces: metres along the lane and metres towards the target lane, which is on the left
_SHAFT = ((0.0, 0.0), (0.0, -0.25), (5.0, -0.25), (5.0, 0.0))
_BEND = ((4.7, 0.0), (5.0, -0.25), (9.2, 0.5), (8.9, 0.75))
_HEAD = ((8.3, 1.2), (9.8, 0.05), (12.6, 1.25), (12.6, 1.25))
_PIECES = np.array([_SHAFT, _BEND, _HEAD])


def merge_arrows(road: RoadMap, index: int, start: float, end: float) -> list[FloatArray]:
    """Return the upward quads (3, 4, 3) of each arrow of a lane that starts between two stations [m]."""
    lane = road.lanes[index]
    if lane.end >= road.length - 1e-6:
        return []
    side = 1.0 if index > 0 else -1.0  # to the left, unless the leftmost lane ends
    corners = _PIECES if side > 0.0 else _PIECES[:, ::-1]
    arrows = []
    for station in lane.end - np.arange(_LAST, _FIRST + 1.0, _SPACING):
        if start <= station < end and station > max(lane.start, lane.opens):
            lateral = lane.lateral_at(float(station)) + side * (corners[..., 1] - 0.4)
            flat, _ = road.to_world(station + corners[..., 0], lateral)
            arrows.append(np.concatenate([flat, np.zeros((*flat.shape[:2], 1))], axis=2))
    return arrows
