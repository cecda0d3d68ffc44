"""Lifted objects (detections placed on the ground) compared with the true positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.stage_errors.matching import (
    match_labels,
    normalised_squared_error,
    radial_transverse,
    radial_transverse_sigma,
)
from drive_stack.evaluation.stage_errors.true_objects import TrueObject
from drive_stack.types import FloatArray, LabelBox, LiftedObject, ObjectClass


@dataclass(frozen=True, slots=True)
class LiftingSample:
    """Errors of one lifted object whose actor is known."""

    label: ObjectClass  # the true class
    distance: float  # true, on the ground, from the camera to the actor's `TrueObject.near_point` [m]
    range_error: float  # along the line of sight, as a fraction of the distance; positive: too far
    transverse_error: float  # across the line of sight [m], positive: too far left
    range_sigma: float  # standard deviation stated by the lifter, as a fraction of the true distance
    transverse_sigma: float  # standard deviation stated by the lifter [m]
    normalised_square: float  # per dimension, of two


def lifting_samples(
    objects: tuple[LiftedObject, ...],
    labels: tuple[LabelBox, ...],
    truth: Mapping[int, TrueObject],
    camera_position: FloatArray,
) -> list[LiftingSample]:
    """One sample for each object whose detection box matches a label.

    ``camera_position`` (2,) is in the ego frame [m].
    """
    matches = match_labels([lifted.detection.box for lifted in objects], labels)
    return [
        _sample(lifted, truth[label.actor_id], camera_position)
        for lifted, label in zip(objects, matches, strict=True)
        if label is not None and label.actor_id in truth
    ]


def _sample(lifted: LiftedObject, true: TrueObject, camera_position: FloatArray) -> LiftingSample:
    line_of_sight = true.near_point - camera_position
    distance = float(np.hypot(*line_of_sight))
    error = lifted.position - true.near_point
    radial, transverse = radial_transverse(error, line_of_sight)
    radial_sigma, transverse_sigma = radial_transverse_sigma(lifted.covariance, line_of_sight)
    return LiftingSample(
        label=true.label,
        distance=distance,
        range_error=radial / distance,
        transverse_error=transverse,
        range_sigma=radial_sigma / distance,
        transverse_sigma=transverse_sigma,
        normalised_square=normalised_squared_error(error, lifted.covariance),
    )
