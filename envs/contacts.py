"""Contacts of the ego with other shapes and guard rails.

Each contact is reported once; it is reported again only after the two bodies have separated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import box_corners, to_local
from drive_stack.road_map import RoadMap
from drive_stack.types import Contact, ContactKind, FloatArray, Side
from drive_stack.vehicle import VehicleParameters

from .overlap import first_touch, pose_at, previous_poses

RAIL_ID = 0  # actor id of guard rails in contacts
RAIL_BEYOND_PAVEMENT = 0.5  # distance of guard rails from the pavement's edge [m]
RAIL_CLEARANCE = 0.05  # minimum distance of parked vehicles and pedestrians from a guard rail [m]
_RESOLUTION = 0.05  # relative motion between two overlap tests; see `first_touch` [m]
_CORNER_TIME = 0.01  # weight of the closing speed against the depth if a corner is hit [s]
_NORMALS = {
    Side.FRONT: np.array([1.0, 0.0]),
    Side.LEFT: np.array([0.0, 1.0]),
    Side.RIGHT: np.array([0.0, -1.0]),
    Side.REAR: np.array([-1.0, 0.0]),
}


@dataclass(frozen=True, slots=True)
class Shapes:
    """Everything that the ego can hit at one instant; shapes with a positive radius are discs."""

    id: NDArray[np.int64]  # actor ids, (N,)
    kind: tuple[ContactKind, ...]  # N values
    pose: FloatArray  # x, y [m], yaw [rad] of the centre, world frame, (N, 3)
    speed: FloatArray  # along the yaw [m/s], (N,)
    length: FloatArray  # [m], (N,)
    width: FloatArray  # [m], (N,)
    radius: FloatArray  # [m], 0 for boxes, (N,)


@dataclass(frozen=True, slots=True)
class EgoBody:
    """The ego's box at one instant."""

    pose: FloatArray  # x, y [m], yaw [rad] of the centre, world frame, (3,)
    speed: float  # along the yaw [m/s]


@dataclass(frozen=True, slots=True)
class RoadPosition:
    """A position on the road, and the laterals of the pavement's edges at its station [m]."""

    station: float
    lateral: float
    right: float  # lateral of the pavement's right edge
    left: float  # lateral of the pavement's left edge

    @classmethod
    def of(cls, body: EgoBody, road: RoadMap, recent_station: float) -> RoadPosition:
        """Return the position of a body's centre; the search starts at ``recent_station`` [m]."""
        station, lateral, _ = road.to_road(float(body.pose[0]), float(body.pose[1]), recent_station)
        return cls(station, lateral, *road.paved(station))


def ego_body(x: float, y: float, yaw: float, speed: float, car: VehicleParameters) -> EgoBody:
    """Return the body of a car whose rear axle is at (x, y) [m] with a yaw [rad] and speed [m/s]."""
    distance = car.centre_ahead
    return EgoBody(np.array([x + distance * math.cos(yaw), y + distance * math.sin(yaw), yaw]), speed)


@dataclass(slots=True)
class ContactMonitor:
    """Detects new contacts tick by tick and remembers the actors that still touch the ego."""

    car: VehicleParameters
    _touching: set[int] = field(default_factory=set)  # actor ids

    def update(
        self, time: float, before: EgoBody, now: EgoBody, shapes_before: Shapes, shapes: Shapes
    ) -> list[Contact]:
        """Return the new contacts within one tick.

        Args:
            time: Time at the end of the tick [s].
            before: The ego at the start of the tick.
            now: The ego at the end of the tick.
            shapes_before: Shapes at the start of the tick; rows are matched by actor id.
            shapes: Shapes at the end of the tick.
        """
        starts = previous_poses(shapes_before.id, shapes_before.pose, shapes.id, shapes.pose)
        touch_fraction = first_touch(
            before.pose, now.pose, self.car.length, self.car.width,
            starts, shapes.pose, shapes.length, shapes.width, shapes.radius, _RESOLUTION,
        )  # fmt: skip
        if len(touch_fraction) == 0 or touch_fraction.max() < 0.0:
            self._touching &= {RAIL_ID}
            return []
        rows = [int(row) for row in np.flatnonzero(touch_fraction >= 0.0)]
        ids = {int(shapes.id[row]) for row in rows}
        new_rows = [row for row in rows if int(shapes.id[row]) not in self._touching]
        touches_rail = RAIL_ID in self._touching
        self._touching = ids | ({RAIL_ID} if touches_rail else set())
        return [
            self._contact(time, before, now, starts[row], shapes, row, float(touch_fraction[row]))
            for row in new_rows
        ]

    def update_rail(self, time: float, now: EgoBody, road: RoadMap, position: RoadPosition) -> list[Contact]:
        """Return a new contact if a corner of the car has crossed a guard rail.

        ``position`` is that of the body's centre.
        """
        crossing = self._rail_crossing(now, road, position)
        touched_before = RAIL_ID in self._touching
        if crossing is None:
            self._touching.discard(RAIL_ID)
            return []
        self._touching.add(RAIL_ID)
        if touched_before:
            return []
        side, outward = crossing
        heading = np.array([np.cos(now.pose[2]), np.sin(now.pose[2])])
        closing = max(now.speed * float(heading @ outward), 0.0)
        return [Contact(time, RAIL_ID, ContactKind.RAIL, side, closing, now.speed, 0.0)]

    def _contact(
        self,
        time: float,
        before: EgoBody,
        now: EgoBody,
        start: FloatArray,
        shapes: Shapes,
        row: int,
        fraction: float,
    ) -> Contact:
        ego = pose_at(before.pose, now.pose, fraction)
        other = pose_at(start, shapes.pose[row], fraction)
        speed = before.speed + (now.speed - before.speed) * fraction
        relative = np.array([speed, 0.0]) - float(shapes.speed[row]) * _direction(other[2] - ego[2])
        side = contact_side(_touch_point(ego, self.car, other, shapes, row), relative, self.car)
        return Contact(
            time=time,
            actor_id=int(shapes.id[row]),
            kind=shapes.kind[row],
            side=side,
            impact_speed=max(float(relative @ _NORMALS[side]), 0.0),
            ego_speed=speed,
            actor_speed=float(shapes.speed[row]),
        )

    def _rail_crossing(
        self, now: EgoBody, road: RoadMap, position: RoadPosition
    ) -> tuple[Side, FloatArray] | None:
        """Side of the first corner that is beyond a rail, and the unit normal of the rail, outwards, (2,)."""
        margin = math.hypot(self.car.length, self.car.width) / 2.0 - RAIL_BEYOND_PAVEMENT
        if position.right + margin < position.lateral < position.left - margin:
            return None
        for corner in box_corners(now.pose[:2], float(now.pose[2]), self.car.length, self.car.width):
            x, y = float(corner[0]), float(corner[1])
            station, lateral, road_yaw = road.to_road(x, y, position.station)
            right, left = road.paved(station)
            to_left = np.array([-np.sin(road_yaw), np.cos(road_yaw)])
            if lateral > left + RAIL_BEYOND_PAVEMENT:
                return Side.LEFT, to_left
            if lateral < right - RAIL_BEYOND_PAVEMENT:
                return Side.RIGHT, -to_left
        return None


def contact_side(point: FloatArray, relative_velocity: FloatArray, car: VehicleParameters) -> Side:
    """Return the side of the car that was hit.

    It is the side nearest to the point of contact. At a corner, where two sides are equally near, it is the
    one with the higher closing speed.

    Args:
        point: Point of contact in the frame of the body's centre [m], shape (2,).
        relative_velocity: Velocity of the ego relative to the other, same frame [m/s], shape (2,).
        car: Dimensions of the ego.
    """
    depth = {
        Side.FRONT: car.length / 2.0 - point[0],
        Side.LEFT: car.width / 2.0 - point[1],
        Side.RIGHT: car.width / 2.0 + point[1],
        Side.REAR: car.length / 2.0 + point[0],
    }
    return min(
        depth, key=lambda side: float(depth[side] - _CORNER_TIME * (relative_velocity @ _NORMALS[side]))
    )


def _touch_point(
    ego: FloatArray, car: VehicleParameters, other: FloatArray, shapes: Shapes, row: int
) -> FloatArray:
    """Point of contact of a shape with the ego's box, in the frame of the ego's centre [m], shape (2,)."""
    if shapes.radius[row] > 0.0:
        return to_local(other[:2], ego[:2], float(ego[2]))
    length, width = float(shapes.length[row]), float(shapes.width[row])
    own_corners = box_corners(np.zeros(2), 0.0, car.length, car.width)
    other_corners = to_local(box_corners(other[:2], float(other[2]), length, width), ego[:2], float(ego[2]))
    centre, relative_yaw = other_corners.mean(axis=0), float(other[2] - ego[2])
    inside = [point for point in other_corners if _inside(point, car.length, car.width)]
    inside += [
        point for point in own_corners if _inside(to_local(point, centre, relative_yaw), length, width)
    ]
    if not inside:
        return np.asarray(np.clip(centre, own_corners.min(axis=0), own_corners.max(axis=0)), dtype=np.float64)
    return np.asarray(np.mean(inside, axis=0), dtype=np.float64)


def _inside(point: FloatArray, length: float, width: float) -> bool:
    tolerance = 2.0 * _RESOLUTION
    return bool(abs(point[0]) <= length / 2.0 + tolerance and abs(point[1]) <= width / 2.0 + tolerance)


def _direction(yaw: float) -> FloatArray:
    return np.array([np.cos(yaw), np.sin(yaw)], dtype=np.float64)
