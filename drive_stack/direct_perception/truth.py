"""True affordances: what a perfect look through the front camera would tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.direct_perception.affordances import (
    KNOTS,
    MAX_DISTANCE,
    Affordances,
    LeadAffordance,
    PersonAffordance,
)
from drive_stack.direct_perception.lane_path import lane_path
from drive_stack.direct_perception.road_ahead import RoadAhead
from drive_stack.geometry import box_corners, extents, reference_line
from drive_stack.objects.boxes import all_actor_boxes, centres_in_ego_frame
from drive_stack.objects.classes import ClassGroup, classes_of
from drive_stack.types import FloatArray
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import WorldState

MAX_PERSON_LATERAL = 6.0  # from the centre of the ego's lane [m]
CORRIDOR = 1.175  # half the width that the ego needs around a lane's centre [m]
MIN_VISIBLE = 0.25  # fraction of an actor's width in the image that counts as visible
OCCLUDER_HEIGHT = 1.2  # from which an actor hides what is behind it [m]
MAX_OFF_LANE = 0.5  # beyond the edge of a lane at which the ego counts as in it [m]
_BEHIND = 1.0  # a rear end so far behind the ego's front still counts as ahead [m]
_SAMPLES = 9  # directions over the width of an actor
_PERSONS = sorted(classes_of(ClassGroup.PEDESTRIANS))


@dataclass(frozen=True, slots=True)
class SurroundingActors:
    """All other actors at one moment, N rows in any order, in the ego frame."""

    label: NDArray[np.int64]  # (N,) ObjectClass
    position: FloatArray  # (N, 2) of the centre [m]
    heading: FloatArray  # (N,) relative to the ego's [rad]
    speed: FloatArray  # (N,) along the heading [m/s]
    size: FloatArray  # (N, 3) length, width, height [m]

    @classmethod
    def of(cls, state: WorldState) -> SurroundingActors:
        """All actors of the own carriageway."""
        boxes = all_actor_boxes(state)
        return cls(
            label=boxes.label,
            position=centres_in_ego_frame(boxes, state),
            heading=boxes.pose[:, 2] - state.ego.yaw,
            speed=boxes.speed,
            size=boxes.size,
        )

    def __getitem__(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> SurroundingActors:
        """Some of the rows."""
        return SurroundingActors(
            self.label[rows], self.position[rows], self.heading[rows], self.speed[rows], self.size[rows]
        )


def true_affordances(
    road: RoadAhead,
    actors: SurroundingActors,
    speed: float,
    camera: CameraModel,
    car: VehicleParameters | None = None,
) -> Affordances:
    """Affordances of a moment; actors that the camera does not see do not count.

    Hidden are actors outside the field of view, beyond the distance of recognition or `MAX_DISTANCE`, and
    behind others. ``speed`` is that of the ego [m/s].
    """
    car = car or VehicleParameters()
    max_distance = min(road.recognition_distance, MAX_DISTANCE)
    front = car.length - car.rear_overhang
    in_range = np.hypot(actors.position[:, 0], actors.position[:, 1]) < max_distance + front
    near = actors[in_range & (actors.position[:, 0] > 0.0)]
    seen = _InLane.of(road, near[visible_fraction(near, camera) >= MIN_VISIBLE], front)
    ends_in = road.ends_in if road.ends_in < max_distance else None
    known = [k for k, knot in enumerate(KNOTS) if knot == 0.0 or knot <= road.recognition_distance]
    return Affordances(
        in_lane=float(abs(road.offset) <= road.lane_width / 2.0 + MAX_OFF_LANE),
        offset=road.offset,
        heading=road.heading,
        curvature=tuple(road.curvature[k] for k in known),
        grade=road.grade,
        left=road.left,
        right=road.right,
        ends_in=ends_in,
        leads=(
            _lead(seen, road.lane_width, speed),
            _lead(seen, 0.0, speed),
            _lead(seen, -road.lane_width, speed),
        ),
        person=_person(seen),
    )


def visible_fraction(actors: SurroundingActors, camera: CameraModel) -> FloatArray:
    """Fraction (N,) of each actor's width in the image that lies within it and that no other actor hides.

    Seen from above: an actor hides what is behind it if it is at least `OCCLUDER_HEIGHT` high.
    """
    if not len(actors.label):
        return np.zeros(0)
    boxes = zip(actors.position, actors.heading, actors.size, strict=True)
    corners = np.stack([box_corners(centre, yaw, size[0], size[1]) for centre, yaw, size in boxes])
    ahead = corners[..., 0] - camera.mount_x
    bearing = np.arctan2(corners[..., 1], np.maximum(ahead, 1e-3))
    low, high = bearing.min(axis=1), bearing.max(axis=1)
    distance = np.hypot(ahead, corners[..., 1]).min(axis=1)
    fractions = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    directions = low[:, None] + (high - low)[:, None] * fractions  # (N, samples)
    hides = (distance < distance[:, None]) & (actors.size[:, 2] >= OCCLUDER_HEIGHT)  # (hidden, hiding)
    within = (directions[:, :, None] > low) & (directions[:, :, None] < high)  # (hidden, samples, hiding)
    hidden = (within & hides[:, None, :]).any(axis=2)
    inside = np.abs(directions) <= np.radians(camera.fov_x_deg) / 2.0
    seen = inside & ~hidden & (ahead.max(axis=1) > 0.0)[:, None]
    return np.asarray(seen.mean(axis=1))


@dataclass(frozen=True, slots=True)
class _InLane:
    """Actors in coordinates of the ego's lane, N rows."""

    is_person: NDArray[np.bool_]
    gap: FloatArray  # along the lane, from the ego's front to the rear end [m]
    lateral: FloatArray  # of the centre [m]
    half_width: FloatArray  # across the lane [m]
    along_speed: FloatArray  # [m/s]
    lateral_speed: FloatArray  # positive to the left [m/s]

    @classmethod
    def of(cls, road: RoadAhead, actors: SurroundingActors, front: float) -> _InLane:
        """``front`` is the distance of the ego's front from its rear axle [m]."""
        line = reference_line(lane_path(road.offset, road.heading, KNOTS, road.curvature, MAX_DISTANCE))
        station, lateral = line.to_frenet(actors.position)
        turned = actors.heading - line.heading_at(station)
        length, width = extents(actors.size[:, 0], actors.size[:, 1], turned)
        return cls(
            is_person=np.isin(actors.label, _PERSONS),
            gap=station - length / 2.0 - front,
            lateral=lateral,
            half_width=width / 2.0,
            along_speed=actors.speed * np.cos(turned),
            lateral_speed=actors.speed * np.sin(turned),
        )


def _lead(seen: _InLane, centre: float, speed: float) -> LeadAffordance | None:
    """The first vehicle or obstacle in the lane around the lateral ``centre`` [m]."""
    in_lane = np.abs(seen.lateral - centre) - seen.half_width < CORRIDOR
    rows = np.flatnonzero(in_lane & ~seen.is_person & (seen.gap > -_BEHIND) & (seen.gap < MAX_DISTANCE))
    if not len(rows):
        return None
    first = rows[np.argmin(seen.gap[rows])]
    return LeadAffordance(max(float(seen.gap[first]), 0.0), speed - float(seen.along_speed[first]))


def _person(seen: _InLane) -> PersonAffordance | None:
    is_near = seen.is_person & (np.abs(seen.lateral) < MAX_PERSON_LATERAL)
    rows = np.flatnonzero(is_near & (seen.gap > -_BEHIND) & (seen.gap < MAX_DISTANCE))
    if not len(rows):
        return None
    first = rows[np.argmin(seen.gap[rows])]
    return PersonAffordance(
        max(float(seen.gap[first]), 0.0), float(seen.lateral[first]), float(seen.lateral_speed[first])
    )
