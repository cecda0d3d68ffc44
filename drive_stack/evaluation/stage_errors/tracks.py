"""Tracks compared with the actors that they follow: position, velocity and stated uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from drive_stack.evaluation.stage_errors.matching import (
    match_labels,
    normalised_squared_error,
    radial_transverse,
)
from drive_stack.evaluation.stage_errors.true_objects import TrueObject, near_end
from drive_stack.objects.classes import GROUPS
from drive_stack.types import FloatArray, LabelBox, ObjectClass, Track

TRANSVERSE_TOLERANCE = 2.0  # distance across the line of sight at which the similarity is 0.5 [m]
RADIAL_TOLERANCE = 0.1  # along it the tolerance grows by this fraction of the distance


@dataclass(frozen=True, slots=True)
class TrackSample:
    """Errors of one track whose actor is known, at one instant."""

    label: ObjectClass  # the true class
    age: float  # since the track's first detection [s]
    distance: float  # true, from the camera to the actor's `TrueObject.near_point` [m]
    range_error: float  # along the line of sight, as a fraction of the distance; positive: too far
    transverse_error: float  # across the line of sight [m], positive: too far left
    speed: float  # true [m/s]
    speed_error: float  # of the velocity along the actor's heading; positive: too fast [m/s]
    velocity_error: float  # length of the difference of the velocity vectors [m/s]
    normalised_square: float  # per dimension, of position and velocity, four dimensions


def track_near_end(track: Track) -> FloatArray:
    """The estimated nearer end of a track's vehicle, or the centre of any other object (2,) [m]."""
    return near_end(track.label, track.position, track.heading, track.length)


def similarities(
    objects: Sequence[TrueObject], tracks: Sequence[Track], camera_position: FloatArray
) -> FloatArray:
    """How well the position of each track agrees with each object, 0 … 1: ``(N, M)``.

    The similarity falls with the distance on the ground, as in TrackEval's 3D benchmarks: to 0.5 at 2 m
    across the line of sight (nuScenes' threshold) or at 2 m + 10 % of the distance along it, and to 0 at
    twice that. A camera's error along the line of sight grows with the distance.
    """
    similarity = np.zeros((len(objects), len(tracks)))
    ends = [track_near_end(track) for track in tracks]
    for row, true in enumerate(objects):
        line_of_sight = true.near_point - camera_position
        tolerance = TRANSVERSE_TOLERANCE + RADIAL_TOLERANCE * float(np.hypot(*line_of_sight))
        for column, end in enumerate(ends):
            radial, transverse = radial_transverse(end - true.near_point, line_of_sight)
            distance = float(np.hypot(radial / tolerance, transverse / TRANSVERSE_TOLERANCE))
            similarity[row, column] = 1.0 - 0.5 * distance
    return np.maximum(similarity, 0.0)


def assign(similarity: FloatArray, min_similarity: float) -> list[tuple[int, int]]:
    """Pairs of rows and columns, one to one, that maximise the sum of the similarities.

    Every pair has at least ``min_similarity``.
    """
    allowed = np.where(similarity >= min_similarity, similarity, 0.0)
    rows, columns = linear_sum_assignment(allowed, maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if allowed[r, c] > 0.0]


def match_tracks(
    tracks: tuple[Track, ...],
    labels: tuple[LabelBox, ...],
    truth: Mapping[int, TrueObject],
    camera_position: FloatArray,
) -> dict[int, TrueObject]:
    """Index of each track → the actor that it follows.

    A track that was detected in this image belongs to the actor of the label that its box matches, however
    wrong its position is, so that the error still counts for this actor. All other tracks are matched by
    position.
    """
    boxes = [track.box if track.missed == 0 else None for track in tracks]
    matches = {
        index: truth[label.actor_id]
        for index, label in enumerate(match_labels(boxes, labels))
        if label is not None
        and label.actor_id in truth
        and GROUPS[label.label] is GROUPS[tracks[index].label]
    }
    taken = {true.actor for true in matches.values()}
    remaining = [index for index in range(len(tracks)) if index not in matches]
    free = [true for true in truth.values() if true.actor not in taken]
    similarity = similarities(free, [tracks[index] for index in remaining], camera_position)
    for row, true in enumerate(free):
        for column, index in enumerate(remaining):
            if GROUPS[true.label] is not GROUPS[tracks[index].label]:
                similarity[row, column] = 0.0
    matches |= {remaining[column]: free[row] for row, column in assign(similarity, 1e-9)}
    return matches


def track_sample(track: Track, true: TrueObject, camera_position: FloatArray, dt: float) -> TrackSample:
    """Errors of a track's nearer end and of its velocity; ``dt`` is the duration of a step [s]."""
    line_of_sight = true.near_point - camera_position
    distance = float(np.hypot(*line_of_sight))
    position_error = track_near_end(track) - true.near_point
    radial, transverse = radial_transverse(position_error, line_of_sight)
    velocity_error = track.velocity - true.velocity
    heading = np.array([np.cos(true.heading), np.sin(true.heading)])
    return TrackSample(
        label=true.label,
        age=track.age * dt,
        distance=distance,
        range_error=radial / distance,
        transverse_error=transverse,
        speed=float(np.hypot(*true.velocity)),
        speed_error=float(velocity_error @ heading),
        velocity_error=float(np.hypot(*velocity_error)),
        normalised_square=normalised_squared_error(
            np.concatenate([position_error, velocity_error]), track.covariance
        ),
    )
