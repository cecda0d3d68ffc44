"""Makes what the planner reads from affordances: the lanes, and one track for each lead and for the person.

The planner's rules for lanes, leads and persons are those of the modular driver. It does not get what
affordances leave out: vehicles beyond the first one of a lane, positions and motions within a lane, and all
persons but the nearest.
"""

from __future__ import annotations

import math

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.direct_perception.affordances import (
    GRADE_LENGTH,
    KNOTS,
    LANES,
    Affordances,
    PersonAffordance,
)
from drive_stack.direct_perception.lane_path import lane_path
from drive_stack.geometry import ReferenceLine, reference_line
from drive_stack.types import AdjacentLane, FloatArray, LaneEstimate, ObjectClass, Track
from drive_stack.vehicle import VehicleParameters

LANE_WIDTH = 3.6  # assumed for every lane [m]
LEAD_SIZE, PERSON_SIZE = (4.5, 1.8), (0.5, 0.5)  # length and width of tracks [m]
_VIEW_BEYOND = 1.4  # length of the path, as a multiple of the last distance at which the road is seen
_MIN_VIEW = 20.0  # [m]
_COVARIANCE = np.diag([1.0, 0.25, 1.0, 0.25])  # of x, y [m²] and velocity x, y [m²/s²]
_PERSON_ID = len(LANES)  # of the person's track; those of the leads are the indices of their lanes


def lanes_of(affordances: Affordances, camera: CameraModel) -> LaneEstimate:
    """The lanes that affordances describe; the path is as long as the road is seen."""
    curvature = affordances.curvature
    knots = KNOTS[: len(curvature)]
    view = min(max(_VIEW_BEYOND * knots[-1], _MIN_VIEW), _view_over_crest(affordances.grade, camera))
    return LaneEstimate(
        offset=affordances.offset,
        heading=affordances.heading,
        curvature=curvature[0],
        width=LANE_WIDTH,
        path=lane_path(affordances.offset, affordances.heading, knots, curvature, view),
        left=_adjacent(affordances.left),
        right=_adjacent(affordances.right),
        confidence=affordances.in_lane,
        ends_in=math.inf if affordances.ends_in is None else affordances.ends_in,
    )


def tracks_of(
    affordances: Affordances, lanes: LaneEstimate, speed: float, car: VehicleParameters
) -> tuple[Track, ...]:
    """A track for the lead of each lane and for the person; ``speed`` is that of the ego [m/s].

    A lead is taken for a car in the middle of its lane that keeps to it.
    """
    line, front = reference_line(lanes.path), car.length - car.rear_overhang
    tracks = []
    for lane, lead in enumerate(affordances.leads):
        if lead is not None:
            station = front + lead.gap + LEAD_SIZE[0] / 2.0
            lateral = (1 - lane) * LANE_WIDTH
            velocity = np.array([max(speed - lead.closing, 0.0), 0.0])
            tracks.append(_track(lane, ObjectClass.CAR, line, station, lateral, velocity))
    if affordances.person is not None:
        tracks.append(_person_track(affordances.person, line, front))
    return tuple(tracks)


def _adjacent(exists: bool) -> AdjacentLane:
    return AdjacentLane(exists, exists, LANE_WIDTH if exists else 0.0)


def _view_over_crest(grade: float, camera: CameraModel) -> float:
    """Distance to which the road is seen over a crest [m]: √(2·h·R) with the camera's height h.

    The grade of the next L metres relative to the road here is −L / (2·R) on a crest of radius R.
    """
    if grade >= 0.0:
        return math.inf
    radius = GRADE_LENGTH / (2.0 * -grade)
    return max(math.sqrt(2.0 * camera.mount_z * radius), _MIN_VIEW)


def _person_track(person: PersonAffordance, line: ReferenceLine, front: float) -> Track:
    station = front + person.distance + PERSON_SIZE[0] / 2.0
    velocity = np.array([0.0, person.lateral_speed])
    return _track(_PERSON_ID, ObjectClass.PEDESTRIAN, line, station, person.lateral, velocity)


def _track(
    number: int, label: ObjectClass, line: ReferenceLine, station: float, lateral: float, velocity: FloatArray
) -> Track:
    """A track at a station and lateral [m] with a velocity along and across the lane (2,) [m/s]."""
    points, headings = line.to_plane(np.array([station]), np.array([lateral]))
    heading = float(headings[0])
    cos, sin = math.cos(heading), math.sin(heading)
    length, width = PERSON_SIZE if label is ObjectClass.PEDESTRIAN else LEAD_SIZE
    return Track(
        id=number,
        label=label,
        position=points[0],
        velocity=np.array([[cos, -sin], [sin, cos]]) @ velocity,
        covariance=_COVARIANCE,
        heading=heading + (math.atan2(velocity[1], velocity[0]) if label is ObjectClass.PEDESTRIAN else 0.0),
        length=length,
        width=width,
        age=0,
        missed=0,
        confidence=1.0,
    )
