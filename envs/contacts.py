"""The ego's hits: who, where on the car, how fast; each reported once until the two part again."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drive_stack.geometry import box_corners, to_local
from drive_stack.road_map import RoadMap
from drive_stack.types import Contact, ContactKind, FloatArray, Side
from drive_stack.vehicle import VehicleParameters
from envs.overlap import first_touch, pose_at, poses_before

RAIL_ID = 0
RAIL_BEYOND_PAVEMENT = 0.5  # guard rails stand this far outside the paved edge [m]
RAIL_CLEARANCE = 0.05  # of who is parked or stands beside a guard rail [m]
_RESOLUTION = 0.05  # relative motion between two overlap tests [m]
_CORNER_TIME = 0.01  # weighs closing speed against depth where a corner is hit [s]
_NORMALS = {
    Side.FRONT: np.array([1.0, 0.0]),
    Side.LEFT: np.array([0.0, 1.0]),
    Side.RIGHT: np.array([0.0, -1.0]),
    Side.REAR: np.array([-1.0, 0.0]),
}


@dataclass(frozen=True, slots=True)
class Shapes:
    """Everything the ego can hit at one instant, N rows; a positive radius makes a disc."""

    id: NDArray[np.int64]  # (N,)
    kind: tuple[ContactKind, ...]
    pose: FloatArray  # (N, 3) x, y, yaw of the centre, world frame
    speed: FloatArray  # (N,) along the yaw [m/s]
    length: FloatArray
    width: FloatArray
    radius: FloatArray


@dataclass(frozen=True, slots=True)
class EgoBody:
    """The ego's box at one instant."""

    pose: FloatArray  # (3,) x, y, yaw of the body's centre, world frame
    speed: float  # along the yaw [m/s]


@dataclass(frozen=True, slots=True)
class RoadPosition:
    """A place on the road, and the edges of the pavement abreast of it, all [m]."""

    station: float
    lateral: float
    right: float
    left: float

    @classmethod
    def of(cls, body: EgoBody, road: RoadMap, near: float) -> RoadPosition:
        """Where a body's centre is; ``near`` is a recent station."""
        station, lateral, _ = road.to_road(float(body.pose[0]), float(body.pose[1]), near)
        return cls(station, lateral, *road.paved(station))


def ego_body(x: float, y: float, yaw: float, speed: float, car: VehicleParameters) -> EgoBody:
    """The body over a rear axle at (x, y)."""
    ahead = car.centre_ahead
    return EgoBody(np.array([x + ahead * math.cos(yaw), y + ahead * math.sin(yaw), yaw]), speed)


@dataclass(slots=True)
class ContactMonitor:
    """Finds new contacts tick by tick; remembers which are still closed."""

    car: VehicleParameters
    _closed: set[int] = field(default_factory=set)

    def update(
        self, time: float, before: EgoBody, now: EgoBody, was: Shapes, shapes: Shapes
    ) -> list[Contact]:
        """New contacts within one tick; ``was`` and ``shapes`` may differ in rows, ids tell."""
        starts = poses_before(was.id, was.pose, shapes.id, shapes.pose)
        touched = first_touch(
            before.pose, now.pose, self.car.length, self.car.width,
            starts, shapes.pose, shapes.length, shapes.width, shapes.radius, _RESOLUTION,
        )  # fmt: skip
        if len(touched) == 0 or touched.max() < 0.0:
            self._closed &= {RAIL_ID}
            return []
        rows = [int(row) for row in np.flatnonzero(touched >= 0.0)]
        ids = {int(shapes.id[row]) for row in rows}
        fresh = [row for row in rows if int(shapes.id[row]) not in self._closed]
        rail_closed = RAIL_ID in self._closed
        self._closed = ids | ({RAIL_ID} if rail_closed else set())
        return [
            self._contact(time, before, now, starts[row], shapes, row, float(touched[row])) for row in fresh
        ]

    def update_rail(self, time: float, now: EgoBody, road: RoadMap, middle: RoadPosition) -> list[Contact]:
        """A new contact with a guard rail, if a corner of the car has gone through one.

        ``middle`` is where the body's centre is.
        """
        corner = self._through_rail(now, road, middle)
        was_closed = RAIL_ID in self._closed
        if corner is None:
            self._closed.discard(RAIL_ID)
            return []
        self._closed.add(RAIL_ID)
        if was_closed:
            return []
        side, outward = corner
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
        share: float,
    ) -> Contact:
        ego = pose_at(before.pose, now.pose, share)
        other = pose_at(start, shapes.pose[row], share)
        speed = before.speed + (now.speed - before.speed) * share
        relative = np.array([speed, 0.0]) - float(shapes.speed[row]) * _direction(other[2] - ego[2])
        side = side_of(_touch_point(ego, self.car, other, shapes, row), relative, self.car)
        return Contact(
            time=time,
            actor_id=int(shapes.id[row]),
            kind=shapes.kind[row],
            side=side,
            impact_speed=max(float(relative @ _NORMALS[side]), 0.0),
            ego_speed=speed,
            actor_speed=float(shapes.speed[row]),
        )

    def _through_rail(
        self, now: EgoBody, road: RoadMap, middle: RoadPosition
    ) -> tuple[Side, FloatArray] | None:
        """The side of the first corner beyond a rail, and the world direction out through the rail."""
        reach = math.hypot(self.car.length, self.car.width) / 2.0 - RAIL_BEYOND_PAVEMENT
        if middle.right + reach < middle.lateral < middle.left - reach:
            return None
        for corner in box_corners(now.pose[:2], float(now.pose[2]), self.car.length, self.car.width):
            x, y = float(corner[0]), float(corner[1])
            station, lateral, along = road.to_road(x, y, middle.station)
            right, left = road.paved(station)
            to_left = np.array([-np.sin(along), np.cos(along)])
            if lateral > left + RAIL_BEYOND_PAVEMENT:
                return Side.LEFT, to_left
            if lateral < right - RAIL_BEYOND_PAVEMENT:
                return Side.RIGHT, -to_left
        return None


def side_of(place: FloatArray, relative: FloatArray, car: VehicleParameters) -> Side:
    """The face that was hit, from the point of contact and the ego's velocity relative to the other.

    Both ``(2,)`` in the frame of the body's centre. It is the face nearest to the point; at a corner,
    where two are as near, the one that closes in faster.
    """
    depth = {
        Side.FRONT: car.length / 2.0 - place[0],
        Side.LEFT: car.width / 2.0 - place[1],
        Side.RIGHT: car.width / 2.0 + place[1],
        Side.REAR: car.length / 2.0 + place[0],
    }
    return min(depth, key=lambda side: float(depth[side] - _CORNER_TIME * (relative @ _NORMALS[side])))


def _touch_point(
    ego: FloatArray, car: VehicleParameters, other: FloatArray, shapes: Shapes, row: int
) -> FloatArray:
    """Where the shape meets the ego's box, in the frame of the body's centre."""
    if shapes.radius[row] > 0.0:
        return to_local(other[:2], ego[:2], float(ego[2]))
    length, width = float(shapes.length[row]), float(shapes.width[row])
    own = box_corners(np.zeros(2), 0.0, car.length, car.width)
    theirs = to_local(box_corners(other[:2], float(other[2]), length, width), ego[:2], float(ego[2]))
    centre, turned = theirs.mean(axis=0), float(other[2] - ego[2])
    inside = [point for point in theirs if _inside(point, car.length, car.width)]
    inside += [point for point in own if _inside(to_local(point, centre, turned), length, width)]
    if not inside:
        return np.asarray(np.clip(centre, own.min(axis=0), own.max(axis=0)), dtype=np.float64)
    return np.asarray(np.mean(inside, axis=0), dtype=np.float64)


def _inside(point: FloatArray, length: float, width: float) -> bool:
    slack = 2.0 * _RESOLUTION
    return bool(abs(point[0]) <= length / 2.0 + slack and abs(point[1]) <= width / 2.0 + slack)


def _direction(yaw: float) -> FloatArray:
    return np.array([np.cos(yaw), np.sin(yaw)], dtype=np.float64)
