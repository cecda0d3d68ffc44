"""The lane network's labels of one frame, computed from the truth.

There are four boundaries, from left to right: the left neighbour's outer line, the ego lane's
left and right lines, the right neighbour's outer line. The ego lane is the one whose centre is
nearest to the rear axle.

Two sets of positions exist. On the ground, an anchor is a distance ahead. In the image, it is a row of the
bird's-eye view, which takes the road for level and the camera for correctly mounted; on hills, and with a
camera that is pitched, a line appears there at another distance and another lateral position.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.camera_pose import true_camera
from drive_stack.geometry import to_local, wrap_angle
from drive_stack.learning.lanes.line_views import LineView, view_line
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
    ``y_image``     (4, R) f4   lateral at which each boundary appears at the view's anchors [m], NaN if none
    ``clear_image`` (4, R) b1   whether it appears there and no vehicle hides it
    ``x_image``     (R,) f4     distance of the ego lane's centre that appears at the anchors [m], NaN if none
    ``ground``      (R,) f4     height of the ego lane's centre at the anchors [m], see `true_camera`
    ``camera``      (4,) f4     true camera: x, z [m], pitch down, roll [rad]
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
    actual = true_camera(camera, state)
    lines = [_sampled(state, lane, fraction, grid) for lane, fraction in edges]
    y = np.stack([_laterals(line, grid) for line in lines])
    views = [view_line(line, actual, camera, grid) for line in lines]
    centre = _sampled(state, ego_lane, 0.0, grid)
    inside = _inside(y, camera, grid)
    anchors = np.broadcast_to(grid.anchors, y.shape)
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
        "clear": inside & ~_hidden(np.stack([anchors, y], axis=-1), state, camera, grid),
        **_image_arrays(views, view_line(centre, actual, camera, grid), state, camera, grid),
        "ground": np.interp(grid.anchors, centre[:, 0], centre[:, 2]).astype(np.float32),
        "camera": np.array(
            [actual.mount_x, actual.mount_z, *np.radians([actual.pitch_down_deg, actual.roll_deg])],
            dtype=np.float32,
        ),
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


def _image_arrays(
    lines: Sequence[LineView], centre: LineView, state: WorldState, camera: CameraModel, grid: GroundGrid
) -> dict[str, NDArray[np.generic]]:
    """The labels in the image, of the four boundaries and the ego lane's centre."""
    points = np.stack([line.points for line in lines])
    apparent = np.stack([line.lateral for line in lines])
    visible = np.isfinite(apparent) & ~_hidden(points, state, camera, grid)
    return {
        "y_image": apparent.astype(np.float32),
        "clear_image": visible,
        "x_image": centre.points[:, 0].astype(np.float32),
    }


def _sampled(state: WorldState, lane: Lane | None, fraction: float, grid: GroundGrid) -> FloatArray:
    """Points (S, 3) of a line that is ``fraction`` widths left of a lane's centre, in the level frame [m].

    The y of points beyond the lane's ends is NaN, as is every y without a lane.
    """
    ego = state.ego
    station = ego.station + np.arange(-10.0, 1.3 * grid.max_distance, STEP)
    if lane is None:
        return np.stack([station - ego.station, np.full(len(station), np.nan), 0.0 * station], axis=1)
    lateral = np.array([lane.lateral_at(float(s)) for s in station]) + fraction * lane.width
    world = state.road.to_space(station, lateral, 0.0)
    xy = to_local(world[:, :2], np.array([ego.x, ego.y]), ego.yaw)
    height = world[:, 2] - state.road.profile.height_at(np.asarray(ego.station))
    covered = (station >= lane.start) & (station <= lane.end)
    return np.stack([xy[:, 0], np.where(covered, xy[:, 1], np.nan), height], axis=1)


def _laterals(line: FloatArray, grid: GroundGrid) -> FloatArray:
    """Laterals (R,) [m] of a sampled line (S, 3) at the anchors."""
    y = np.interp(grid.anchors, line[:, 0], line[:, 1])
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


def _hidden(
    points: FloatArray, state: WorldState, camera: CameraModel, grid: GroundGrid
) -> NDArray[np.bool_]:
    """Whether a vehicle hides each point (4, R, 2) from the camera; the slab test in the ground plane."""
    cars, ego = state.vehicles, state.ego
    xy = to_local(np.stack([cars.x, cars.y], axis=1), np.array([ego.x, ego.y]), ego.yaw)
    camera_position = np.array([camera.mount_x, 0.0])
    points = np.nan_to_num(points)
    hidden = np.zeros(points.shape[:-1], dtype=np.bool_)
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
