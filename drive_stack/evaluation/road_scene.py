"""The boxes of all actors in road coordinates: stations and laterals."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import wrap_angles
from drive_stack.types import FloatArray
from drive_stack.vehicle import DRY_GRIP
from drive_stack.world_state import WorldState


@dataclass(frozen=True, slots=True)
class MovingBoxes:
    """Oriented boxes in a plane, one row each, with constant velocities. Lengths [m], angles [rad]."""

    centre: FloatArray  # (N, 2)
    heading: FloatArray  # (N,)
    velocity: FloatArray  # (N, 2) [m/s]
    length: FloatArray  # (N,)
    width: FloatArray  # (N,)

    def axes(self) -> FloatArray:
        """Unit vectors of the boxes ``(N, 2, 2)``: row 0 forward, row 1 left."""
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        return np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], axis=1)

    def rows(self, which: NDArray[np.bool_]) -> MovingBoxes:
        """The boxes that the mask ``which`` (N,) selects."""
        return MovingBoxes(
            self.centre[which],
            self.heading[which],
            self.velocity[which],
            self.length[which],
            self.width[which],
        )


def may_touch(ego: MovingBoxes, others: MovingBoxes, horizon: float) -> NDArray[np.bool_]:
    """(N,) whether each other could touch the ego (one row) within ``horizon`` [s], by bounding circles."""
    half_diagonals = (np.hypot(others.length, others.width) + np.hypot(ego.length, ego.width)) / 2.0
    travel = np.linalg.norm(others.velocity - ego.velocity, axis=1) * horizon
    return np.asarray(np.linalg.norm(others.centre - ego.centre, axis=1) <= half_diagonals + travel)


@dataclass(frozen=True, slots=True)
class RoadScene:
    """All boxes at one instant in road coordinates, in which a curve by itself leads to no collision."""

    time: float  # [s]
    ego: MovingBoxes  # one row
    others: MovingBoxes  # vehicles, pedestrians and obstacles
    ids: NDArray[np.int64]  # of the others
    lanes: FloatArray = field(
        default_factory=lambda: np.zeros(0)
    )  # (L,) laterals of the lane centres at the ego [m]
    speed_limit: float = float("inf")  # at the ego [m/s]
    grip: float = DRY_GRIP  # of the road [m/s²]
    curvature: float = 0.0  # of the road at the ego, positive to the left [1/m]


def bearings(ego: MovingBoxes, others: MovingBoxes, centre_ahead: float) -> FloatArray:
    """Angle at the ego's rear axle between its heading and each other's centre: ``(N,)``, 0 … π [rad].

    ``ego`` has one row; its rear axle lies ``centre_ahead`` [m] behind its centre.
    """
    forward = ego.axes()[0, 0]
    to_centre = others.centre - (ego.centre[0] - centre_ahead * forward)
    lateral = forward[0] * to_centre[:, 1] - forward[1] * to_centre[:, 0]
    return np.asarray(np.abs(np.arctan2(lateral, to_centre @ forward)))


def road_scene(state: WorldState) -> RoadScene:
    """Convert a state to road coordinates."""
    vehicles, pedestrians, obstacles = state.vehicles, state.pedestrians, state.obstacles
    ids = np.concatenate([vehicles.id, pedestrians.id, obstacles.id])
    station, road = state.ego.station, state.road
    return RoadScene(
        time=state.time,
        ego=_ego_box(state),
        others=_other_boxes(state),
        ids=ids,
        lanes=np.array([lane.lateral_at(station) for lane in road.lanes if lane.covers(station)]),
        speed_limit=state.speed_limit,
        grip=state.conditions.grip,
        curvature=float(road.curvature_at(np.asarray(station))),
    )


def _ego_box(state: WorldState) -> MovingBoxes:
    ego, car = state.ego, state.car
    centre_x = ego.x + car.centre_ahead * np.cos(ego.yaw)
    centre_y = ego.y + car.centre_ahead * np.sin(ego.yaw)
    station, lateral, road_yaw = state.road.to_road(float(centre_x), float(centre_y), ego.station)
    return _boxes(
        np.array([[station, lateral]]),
        np.array([ego.yaw - road_yaw]),
        np.array([ego.speed]),
        np.array([car.length]),
        np.array([car.width]),
    )


def _other_boxes(state: WorldState) -> MovingBoxes:
    """Vehicles, pedestrians and obstacles together, in this order."""
    vehicles, pedestrians, obstacles = state.vehicles, state.pedestrians, state.obstacles
    x = np.concatenate([vehicles.x, pedestrians.x, obstacles.x])
    y = np.concatenate([vehicles.y, pedestrians.y, obstacles.y])
    yaw = np.concatenate([vehicles.yaw, pedestrians.yaw, obstacles.yaw])
    near = state.ego.station
    road = np.array(
        [state.road.to_road(float(a), float(b), near) for a, b in zip(x, y, strict=True)]
    ).reshape(-1, 3)
    return _boxes(
        road[:, :2],
        wrap_angles(yaw - road[:, 2]),
        np.concatenate([vehicles.speed, pedestrians.speed, np.zeros(len(obstacles.x))]),
        np.concatenate([vehicles.length, pedestrians.length, obstacles.length]),
        np.concatenate([vehicles.width, pedestrians.width, obstacles.width]),
    )


def _boxes(
    centre: FloatArray, heading: FloatArray, speed: FloatArray, length: FloatArray, width: FloatArray
) -> MovingBoxes:
    velocity = speed[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=1)
    return MovingBoxes(centre, heading, velocity, length, width)
