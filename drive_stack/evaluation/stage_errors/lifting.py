"""Lifted objects against where their objects are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.stage_errors.matching import (
    along_across,
    labels_of,
    normalised_square,
    spreads,
)
from drive_stack.evaluation.stage_errors.true_objects import TrueObject
from drive_stack.types import FloatArray, LabelBox, LiftedObject, ObjectClass


@dataclass(frozen=True, slots=True)
class LiftingSample:
    """One detection of a known object."""

    actor: int
    label: ObjectClass  # the true one
    called: ObjectClass
    distance: float  # true, from the camera to the point meant, over the ground [m]
    range_error: float  # along the line of sight, share of the distance; positive: seen too far
    across_error: float  # [m], positive: seen too far left
    range_sigma: float  # as stated, share of the true distance
    across_sigma: float  # as stated [m]
    normalised_square: float  # for each of the two dimensions
    visible: float  # share of the object


def lifting_samples(
    objects: tuple[LiftedObject, ...],
    labels: tuple[LabelBox, ...],
    truth: Mapping[int, TrueObject],
    eye: FloatArray,
) -> list[LiftingSample]:
    """One for each object that can be told by its box. ``eye`` (2,): the camera in the ego frame [m]."""
    found = labels_of([one.detection.box for one in objects], labels)
    return [
        _sample(one, label, truth[label.actor_id], eye)
        for one, label in zip(objects, found, strict=True)
        if label is not None and label.actor_id in truth
    ]


def _sample(one: LiftedObject, label: LabelBox, true: TrueObject, eye: FloatArray) -> LiftingSample:
    sight = true.near - eye
    distance = float(np.hypot(*sight))
    error = one.position - true.near
    along, across = along_across(error, sight)
    along_sigma, across_sigma = spreads(one.covariance, sight)
    return LiftingSample(
        actor=true.actor,
        label=true.label,
        called=one.label,
        distance=distance,
        range_error=along / distance,
        across_error=across,
        range_sigma=along_sigma / distance,
        across_sigma=across_sigma,
        normalised_square=normalised_square(error, one.covariance),
        visible=label.visible,
    )
