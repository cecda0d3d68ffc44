"""What the lane network is to find in one frame, from the truth.

Four boundaries are told apart, from left to right: the left neighbour's outer line, the ego lane's
left and right lines, the right neighbour's outer line. The ego lane is the one whose centre is
nearest to the rear axle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.geometry import to_local, wrap_angle
from drive_stack.perception.lanes_ground import GroundGrid
from drive_stack.road_map import Lane, RoadMap
from drive_stack.types import FloatArray
from drive_stack.world_state import WorldState

BESIDE = 1.4  # a lane farther away than this many widths is not adjacent
STEP = 1.0  # between samples of a line [m]


def lane_truth(
    state: WorldState, camera: CameraModel, grid: GroundGrid | None = None
) -> dict[str, NDArray[np.generic]]:
    """Labels of one frame, at the anchors of ``grid``.

    ==============  ==========  ================================================================
    ``y``           (4, R) f4   lateral of each boundary at the grid's anchors [m], NaN where none
    ``inside``      (4, R) b1   whether that point lies within the image
    ``clear``       (4, R) b1   whether it does and no vehicle hides it
    ``neighbour``   (2,) b1     whether there is a lane on the left, on the right
    ``enterable``   (2,) b1     whether the ego lane's left, right line may be crossed here
    ``crossable``   (2, R) b1   whether it may be at each anchor; False where the lane has ended
    ``ends``        (3,) f4     distance to the end of the left, ego, right lane [m], inf if none
    ``offset``      () f4       rear axle left of the ego lane's centre [m]
    ``heading``     () f4       ego yaw minus lane direction [rad]
    ``curvature``   () f4       of the ego lane's centre abreast of the rear axle [1/m]
    ``width``       () f4       of the ego lane [m]
    ==============  ==========  ================================================================
    """
    grid = grid or GroundGrid()
    road, ego = state.road, state.ego
    index = max(road.lane_at(ego.station, ego.lateral), 0)
    mine = road.lanes[index]
    beside = [_adjacent(road, index, side, ego.station) for side in (-1, 1)]
    edges: list[tuple[Lane | None, float]] = [(beside[0], 0.5), (mine, 0.5), (mine, -0.5), (beside[1], -0.5)]
    y = np.stack([_boundary(state, lane, share, grid) for lane, share in edges])
    inside = _inside(y, camera, grid)
    slope = (mine.lateral_at(ego.station + 0.5) - mine.lateral_at(ego.station - 0.5)) / 1.0
    kappa = float(road.curvature_at(np.asarray(ego.station)))
    scale = 1.0 - kappa * mine.lateral_at(ego.station)
    direction = float(road.to_world(np.asarray(ego.station), np.asarray(0.0))[1]) + np.arctan2(slope, scale)
    cross = [
        lane is not None and road.may_cross(index, index + side, ego.station)
        for lane, side in zip(beside, (-1, 1), strict=True)
    ]
    return {
        "y": y.astype(np.float32),
        "inside": inside,
        "clear": inside & ~_hidden(y, state, camera, grid),
        "neighbour": np.array([lane is not None for lane in beside]),
        "enterable": np.array(cross),
        "crossable": _crossable(state, index, grid),
        "ends": np.array(
            [_ends_in(road, lane, ego.station) for lane in (beside[0], mine, beside[1])], dtype=np.float32
        ),
        "offset": np.asarray(ego.lateral - mine.lateral_at(ego.station), dtype=np.float32),
        "heading": np.asarray(wrap_angle(ego.yaw - direction), dtype=np.float32),
        "curvature": np.asarray(kappa / scale, dtype=np.float32),
        "width": np.asarray(mine.width, dtype=np.float32),
    }


def _adjacent(road: RoadMap, index: int, side: int, station: float) -> Lane | None:
    other = road.adjacent_lane(index, side, station)
    if other < 0:
        return None
    lane, mine = road.lanes[other], road.lanes[index]
    apart = abs(lane.lateral_at(station) - mine.lateral_at(station))
    return lane if apart <= BESIDE * mine.width else None


def _boundary(state: WorldState, lane: Lane | None, share: float, grid: GroundGrid) -> FloatArray:
    """Laterals ``(R,)`` [m] at the anchors of a lane's edge, ``share`` widths left of its centre."""
    if lane is None:
        return np.full(grid.rows, np.nan)
    ego = state.ego
    station = ego.station + np.arange(-10.0, 1.3 * grid.max_distance, STEP)
    lateral = np.array([lane.lateral_at(float(s)) for s in station]) + share * lane.width
    world, _ = state.road.to_world(station, lateral)
    xy = to_local(world, np.array([ego.x, ego.y]), ego.yaw)
    covered = (station >= lane.start) & (station <= lane.end)
    y = np.interp(grid.anchors, xy[:, 0], np.where(covered, xy[:, 1], np.nan))
    return np.where(np.abs(y) < grid.half_width, y, np.nan)


def _crossable(state: WorldState, index: int, grid: GroundGrid) -> NDArray[np.bool_]:
    """Whether the lines on the left and right of lane ``index`` may be crossed, ``(2, R)``."""
    road, ego = state.road, state.ego
    station = ego.station + np.arange(-10.0, 1.3 * grid.max_distance, STEP)
    lateral = np.array([road.lanes[index].lateral_at(float(s)) for s in station])
    x = to_local(road.to_world(station, lateral)[0], np.array([ego.x, ego.y]), ego.yaw)[:, 0]
    there = np.interp(grid.anchors, x, station)
    others = [road.adjacent_lane(index, side, ego.station) for side in (-1, 1)]
    return np.array(
        [[other >= 0 and road.may_cross(index, other, float(s)) for s in there] for other in others]
    )


def _inside(y: FloatArray, camera: CameraModel, grid: GroundGrid) -> NDArray[np.bool_]:
    """Whether each point ``(4, R)`` lies within the image."""
    x = np.broadcast_to(grid.anchors, y.shape)
    points = np.stack([x.ravel(), np.nan_to_num(y).ravel(), np.zeros(y.size)], axis=1)
    u, v, _ = camera.project(points).T
    within = (u >= 0) & (u < camera.width) & (v >= 0) & (v < camera.height)
    return np.asarray(within.reshape(y.shape) & ~np.isnan(y))


def _hidden(y: FloatArray, state: WorldState, camera: CameraModel, grid: GroundGrid) -> NDArray[np.bool_]:
    """Whether a vehicle stands between the camera and each point: slabs, seen from above."""
    cars, ego = state.vehicles, state.ego
    xy = to_local(np.stack([cars.x, cars.y], axis=1), np.array([ego.x, ego.y]), ego.yaw)
    eye = np.array([camera.mount_x, 0.0])
    points = np.stack([np.broadcast_to(grid.anchors, y.shape), np.nan_to_num(y)], axis=-1)
    hidden = np.zeros(y.shape, dtype=np.bool_)
    for row in np.flatnonzero((xy[:, 0] > 0.0) & (xy[:, 0] < grid.max_distance)):
        yaw, half = float(cars.yaw[row] - ego.yaw), np.array([cars.length[row], cars.width[row]]) / 2.0
        start = to_local(eye, xy[row], yaw)
        along = to_local(points, xy[row], yaw) - start
        safe: Any = np.where(np.abs(along) < 1e-9, 1e-9, along)
        first, second = (-half - start) / safe, (half - start) / safe
        enter = np.minimum(first, second).max(axis=-1)
        leave = np.maximum(first, second).min(axis=-1)
        hidden |= (enter < leave) & (leave > 0.0) & (enter < 1.0)
    return hidden


def _ends_in(road: RoadMap, lane: Lane | None, station: float) -> float:
    """Distance to a lane's end [m]; inf where it goes on as long as the road, or is not there."""
    return float("inf") if lane is None or lane.end >= road.length - 1.0 else lane.end - station
