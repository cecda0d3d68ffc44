"""A sighting as rows of a linear measurement of a target's state.

The state is (x, y, vx, vy, s) with s the logarithm of the object's true size [m] that its size cue
goes by. A cue by size that puts an object of usual size S at the distance d says that it is at
d·exp(s − ln S): an error of the assumed size is one and the same in every image, so it must not be
averaged away as noise would be, but learnt (bias estimation by augmenting the state: Bar-Shalom, Li
& Kirubarajan, 2001, §11.5). About the present estimate of s that is linear enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from drive_stack.tracking.kernels import (
    STATES,
    along_and_across,
    innovation_covariance,
    mahalanobis,
    sight_distance,
)
from drive_stack.types import FloatArray, LiftedObject, LineOfSight

LEAST_VARIANCE = 0.03**2  # of a measured position [m²]
Distance: TypeAlias = tuple[float, float]  # squared Mahalanobis distance, logarithm of the determinant
CREDIBLE = 3.0  # squared Mahalanobis distance for each dimension, from which a reading is doubted


@dataclass(frozen=True, slots=True)
class Reading:
    """Differences (M,) [m] between what is seen and what the state says, their rows (M, 5) and
    covariance (M, M)."""

    difference: FloatArray
    rows: FloatArray
    noise: FloatArray

    def innovation_covariance(self, covariance: FloatArray) -> FloatArray:
        """(M, M) of the differences, given the state's (5, 5)."""
        return np.asarray(innovation_covariance(self.rows, covariance, self.noise))

    def fit(self, spread: FloatArray) -> tuple[float, float]:
        """Squared Mahalanobis distance, and the logarithm of the determinant of ``spread``, which is the
        innovation covariance (M, M)."""
        squared, log_determinant = mahalanobis(self.difference, spread)
        return float(squared), float(log_determinant)

    def doubted(self, covariance: FloatArray) -> Reading:
        """The reading, with more noise the less credible it is: a box that jumps is wrong, not the world
        (the weights of Huber, *Robust Statistics*, 1981, §7.3)."""
        distance, _ = self.fit(self.innovation_covariance(covariance))
        excess = distance / len(self.difference) / CREDIBLE
        return self if excess <= 1.0 else Reading(self.difference, self.rows, self.noise * excess)


def read(seen: LiftedObject, mean: FloatArray) -> Reading:
    """The sighting against a state's mean (5,)."""
    if seen.line_of_sight is None:
        noise = seen.covariance + LEAST_VARIANCE * np.eye(2)
        return Reading(seen.position - mean[:2], np.eye(2, STATES), noise)
    return _along_and_across(seen, seen.line_of_sight, mean)


def distance_of(seen: LiftedObject, cues: FloatArray, mean: FloatArray, covariance: FloatArray) -> Distance:
    """What `Reading.fit` says of a sighting with its `cues_of`, for each dimension, given a state's mean (5,)
    and covariance (5, 5)."""
    if seen.line_of_sight is None:
        reading = read(seen, mean)
        squared, log_determinant = reading.fit(reading.innovation_covariance(covariance))
        size = len(reading.difference)
    else:
        sight = seen.line_of_sight
        squared, log_determinant, size = sight_distance(
            seen.position,
            sight.camera_position,
            cues,
            sight.transverse_sigma,
            seen.truncated_at_side,
            LEAST_VARIANCE,
            mean,
            covariance,
        )
    return squared / size, log_determinant / size


def cues_of(line_of_sight: LineOfSight | None) -> FloatArray:
    """Distance [m], variance of its logarithm and usual size [m] or NaN of each cue, (C, 3)."""
    cues = () if line_of_sight is None else line_of_sight.cues
    rows = [(cue.distance, cue.variance, cue.typical_size or np.nan) for cue in cues]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _along_and_across(seen: LiftedObject, line_of_sight: LineOfSight, mean: FloatArray) -> Reading:
    """One row for each cue, along the line of sight, and one across it."""
    difference, rows, noise = along_and_across(
        seen.position,
        line_of_sight.camera_position,
        cues_of(line_of_sight),
        line_of_sight.transverse_sigma,
        seen.truncated_at_side,
        mean,
    )
    return Reading(difference, rows, np.diag(noise + LEAST_VARIANCE))


def usual_log_size(seen: LiftedObject) -> tuple[float, float] | None:
    """What its class says of the logarithm of its size [m], and the variance; None where no cue goes
    by size."""
    for cue in seen.line_of_sight.cues if seen.line_of_sight is not None else ():
        if cue.typical_size is not None:
            return float(np.log(cue.typical_size)), cue.size_sigma**2
    return None
