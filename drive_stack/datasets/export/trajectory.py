"""Paths in a fixed frame, from the numbers of a recorded drive.

A recording holds no positions. They are integrated from the speed and the yaw. The yaw is the direction of
the road, which is integrated from its curvature, plus the heading relative to the road. All integrals use the
trapezoidal rule. The origin of the frame is the rear axle of the first row, and x is along the road there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from drive_stack.datasets.export.source import DriveColumns
from drive_stack.types import FloatArray

MAX_SHIFT = 1.5  # a larger change of the lane offset between two rows is the change to another lane [m]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Where the ego and the centre of its lane are at each row."""

    position: FloatArray  # (N, 2) of the rear axle [m]
    yaw: FloatArray  # (N,) [rad]
    lane_centre: FloatArray  # (N, 2) the point of the lane's centre line next to the rear axle [m]
    lane_parts: tuple[slice, ...]  # rows that are in the same lane, one after another


def trajectory_of(columns: DriveColumns) -> Trajectory:
    """Integrate the path of an episode."""
    road_yaw = _integral(columns.curvature, columns.station)
    yaw = road_yaw + columns.heading_error
    position = np.column_stack(
        [
            _integral(columns.speed * np.cos(yaw), columns.time),
            _integral(columns.speed * np.sin(yaw), columns.time),
        ]
    )
    left = np.column_stack([-np.sin(road_yaw), np.cos(road_yaw)])
    changes = np.flatnonzero(np.abs(np.diff(columns.lane_offset)) > MAX_SHIFT) + 1
    bounds = [0, *changes.tolist(), len(yaw)]
    return Trajectory(
        position=position,
        yaw=yaw,
        lane_centre=position - columns.lane_offset[:, None] * left,
        lane_parts=tuple(slice(start, end) for start, end in pairwise(bounds)),
    )


def _integral(values: FloatArray, over: FloatArray) -> FloatArray:
    """The integral of ``values`` from the first row to each row."""
    pieces = np.diff(over) * (values[:-1] + values[1:]) / 2.0
    return np.concatenate([np.zeros(1), np.cumsum(pieces)])
