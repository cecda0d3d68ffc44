"""Tracks against the actors they follow: where they are, how fast, how sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from drive_stack.evaluation.stage_errors.matching import along_across, labels_of, normalised_square
from drive_stack.evaluation.stage_errors.true_objects import GROUPS, TrueObject, near_end
from drive_stack.types import FloatArray, LabelBox, ObjectClass, Track

ACROSS = 2.0  # distance across the line of sight at which the similarity has fallen to a half [m]
ALONG = 0.1  # and along it: as many metres and this share of the distance


@dataclass(frozen=True, slots=True)
class TrackSample:
    """One track of a known actor at one instant."""

    actor: int
    track: int
    label: ObjectClass  # the true one
    age: float  # since its first sighting [s]
    unseen: float  # since its last [s]
    distance: float  # true, from the camera to the nearer end [m]
    range_error: float  # along the line of sight, share of the distance; positive: thought too far
    across_error: float  # [m], positive: thought too far left
    speed: float  # true [m/s]
    speed_error: float  # along the actor's way, or the ego's where it stands; positive: thought too fast
    velocity_error: float  # length of the difference of velocities [m/s]
    normalised_square: float  # for each of position and velocity, four dimensions


def near_of(track: Track) -> FloatArray:
    """The track's nearer end, as it thinks (2,) [m]."""
    return near_end(track.label, track.position, track.heading, track.length)


def similarities(objects: Sequence[TrueObject], tracks: Sequence[Track], eye: FloatArray) -> FloatArray:
    """How well each track's place agrees with each object's, 1 … 0, ``(N, M)``.

    It falls by distance over the ground, as in TrackEval's 3D benchmarks: to a half at 2 m across the
    line of sight (nuScenes' threshold) or at 2 m + 10 % of the distance along it, to 0 at twice that.
    A camera's error along the line of sight is a share of the distance.
    """
    found = np.zeros((len(objects), len(tracks)))
    ends = [near_of(track) for track in tracks]
    for row, true in enumerate(objects):
        sight = true.near - eye
        reach = ACROSS + ALONG * float(np.hypot(*sight))
        for column, end in enumerate(ends):
            along, across = along_across(end - true.near, sight)
            found[row, column] = 1.0 - 0.5 * float(np.hypot(along / reach, across / ACROSS))
    return np.maximum(found, 0.0)


def assign(similarity: FloatArray, least: float) -> list[tuple[int, int]]:
    """Pairs of rows and columns, one to one, each at least so similar; the sum is the greatest."""
    allowed = np.where(similarity >= least, similarity, 0.0)
    rows, columns = linear_sum_assignment(allowed, maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if allowed[r, c] > 0.0]


def identify(
    tracks: tuple[Track, ...],
    labels: tuple[LabelBox, ...],
    truth: Mapping[int, TrueObject],
    eye: FloatArray,
) -> dict[int, TrueObject]:
    """Index of a track → the actor it follows: by its box where it was seen in this image, whatever
    its place; else by the place. So that a track that is far off still counts as an error of its actor."""
    boxes = [track.box if track.missed == 0 else None for track in tracks]
    found = {
        index: truth[label.actor_id]
        for index, label in enumerate(labels_of(boxes, labels))
        if label is not None
        and label.actor_id in truth
        and GROUPS[label.label] is GROUPS[tracks[index].label]
    }
    taken = {one.actor for one in found.values()}
    left = [index for index in range(len(tracks)) if index not in found]
    free = [one for one in truth.values() if one.actor not in taken]
    similarity = similarities(free, [tracks[index] for index in left], eye)
    for row, true in enumerate(free):
        for column, index in enumerate(left):
            if GROUPS[true.label] is not GROUPS[tracks[index].label]:
                similarity[row, column] = 0.0
    found |= {left[column]: free[row] for row, column in assign(similarity, 1e-9)}
    return found


def track_sample(track: Track, true: TrueObject, eye: FloatArray, dt: float) -> TrackSample:
    """The track's errors, of its nearer end and of its velocity."""
    sight = true.near - eye
    distance = float(np.hypot(*sight))
    apart = near_of(track) - true.near
    along, across = along_across(apart, sight)
    wrong = track.velocity - true.velocity
    way = np.array([np.cos(true.heading), np.sin(true.heading)])
    return TrackSample(
        actor=true.actor,
        track=track.id,
        label=true.label,
        age=track.age * dt,
        unseen=track.missed * dt,
        distance=distance,
        range_error=along / distance,
        across_error=across,
        speed=float(np.hypot(*true.velocity)),
        speed_error=float(wrong @ way),
        velocity_error=float(np.hypot(*wrong)),
        normalised_square=normalised_square(np.concatenate([apart, wrong]), track.covariance),
    )
