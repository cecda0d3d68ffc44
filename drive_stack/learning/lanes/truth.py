"""The lane network's labels of one frame, computed from the truth.

There are four boundaries, from left to right: the left neighbour's outer line, the ego lane's
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

MAX_SPACING = 1.4  # between the centres of adjacent lanes, in lane widths
STEP = 1.0  # between samples of a line [m]


def lane_truth(
    state: WorldState, camera: CameraModel, grid: GroundGrid | None = None
) -> dict[str, NDArray[np.generic]]:
    """Compute the labels of one frame at the anchors of ``grid``; R is the number of anchors.

    ==============  ==========  ================================================================
    ``y``           (4, R) f4   lateral of each boundary at the grid's anchors [m], NaN if none
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
    ego_lane = road.lanes[index]
    adjacent = [_adjacent(road, index, side, ego.station) for side in (-1, 1)]
    edges: list[tuple[Lane | None, float]] = [
        (adjacent[0], 0.5),
        (ego_lane, 0.5),
        (ego_lane, -0.5),
        (adjacent[1], -0.5),
    ]
    y = np.stack([_boundary(state, lane, fraction, grid) for lane, fraction in edges])
    inside = _inside(y, camera, grid)
    slope = (ego_lane.lateral_at(ego.station + 0.5) - ego_lane.lateral_at(ego.station - 0.5)) / 1.0
    kappa = float(road.curvature_at(np.asarray(ego.station)))
    scale = 1.0 - kappa * ego_lane.lateral_at(ego.station)
    direction = float(road.to_world(np.asarray(ego.station), np.asarray(0.0))[1]) + np.arctan2(slope, scale)
    enterable = [
        lane is not None and road.may_cross(index, index + side, ego.station)
        for lane, side in zip(adjacent, (-1, 1), strict=True)
    ]
    return {
        "y": y.astype(np.float32),
        "inside": inside,
        "clear": inside & ~_hidden(y, state, camera, grid),
        "neighbour": np.array([lane is not None for lane in adjacent]),
        "enterable": np.array(enterable),
        "crossable": _crossable(state, index, grid),
        "ends": np.array(
            [_ends_in(road, lane, ego.station) for lane in (adjacent[0], ego_lane, adjacent[1])],
            dtype=np.float32,
        ),
        "offset": np.asarray(ego.lateral - ego_lane.lateral_at(ego.station), dtype=np.float32),
        "heading": np.asarray(wrap_angle(ego.yaw - direction), dtype=np.float32),
        "curvature": np.asarray(kappa / scale, dtype=np.float32),
        "width": np.asarray(ego_lane.width, dtype=np.float32),
    }


def _adjacent(road: RoadMap, index: int, side: int, station: float) -> Lane | None:
    other = road.adjacent_lane(index, side, station)
    if other < 0:
        return None
    lane, own_lane = road.lanes[other], road.lanes[index]
    spacing = abs(lane.lateral_at(station) - own_lane.lateral_at(station))
    return lane if spacing <= MAX_SPACING * own_lane.width else None


def _boundary(state: WorldState, lane: Lane | None, fraction: float, grid: GroundGrid) -> FloatArray:
    """Laterals (R,) [m] at the anchors of a line that is ``fraction`` widths left of a lane's centre."""
    if lane is None:
        return np.full(grid.rows, np.nan)
    ego = state.ego
    station = ego.station + np.arange(-10.0, 1.3 * grid.max_distance, STEP)
    lateral = np.array([lane.lateral_at(float(s)) for s in station]) + fraction * lane.width
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
    anchor_stations = np.interp(grid.anchors, x, station)
    others = [road.adjacent_lane(index, side, ego.station) for side in (-1, 1)]
    return np.array(
        [[other >= 0 and road.may_cross(index, other, float(s)) for s in anchor_stations] for other in others]
    )


def _inside(y: FloatArray, camera: CameraModel, grid: GroundGrid) -> NDArray[np.bool_]:
    """Whether each point (4, R) projects into the image."""
    x = np.broadcast_to(grid.anchors, y.shape)
    points = np.stack([x.ravel(), np.nan_to_num(y).ravel(), np.zeros(y.size)], axis=1)
    u, v, _ = camera.project(points).T
    within = (u >= 0) & (u < camera.width) & (v >= 0) & (v < camera.height)
    return np.asarray(within.reshape(y.shape) & ~np.isnan(y))


def _hidden(y: FloatArray, state: WorldState, camera: CameraModel, grid: GroundGrid) -> NDArray[np.bool_]:
    """Whether a vehicle hides each point (4, R) from the camera; the slab test in the ground plane."""
    cars, ego = state.vehicles, state.ego
    xy = to_local(np.stack([cars.x, cars.y], axis=1), np.array([ego.x, ego.y]), ego.yaw)
    camera_position = np.array([camera.mount_x, 0.0])
    points = np.stack([np.broadcast_to(grid.anchors, y.shape), np.nan_to_num(y)], axis=-1)
    hidden = np.zeros(y.shape, dtype=np.bool_)
    for row in np.flatnonzero((xy[:, 0] > 0.0) & (xy[:, 0] < grid.max_distance)):
        yaw, half = float(cars.yaw[row] - ego.yaw), np.array([cars.length[row], cars.width[row]]) / 2.0
        start = to_local(camera_position, xy[row], yaw)
        direction = to_local(points, xy[row], yaw) - start
        safe: Any = np.where(np.abs(direction) < 1e-9, 1e-9, direction)
        first, second = (-half - start) / safe, (half - start) / safe
        enter = np.minimum(first, second).max(axis=-1)
        leave = np.maximum(first, second).min(axis=-1)
        hidden |= (enter < leave) & (leave > 0.0) & (enter < 1.0)
    return hidden


def _ends_in(road: RoadMap, lane: Lane | None, station: float) -> float:
    """Distance to a lane's end [m]; inf if it is as long as the road or does not exist."""
    return float("inf") if lane is None or lane.end >= road.length - 1.0 else lane.end - station
