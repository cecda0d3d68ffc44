"""A detected object as a linear measurement of a target's state.

The state is (x, y, vx, vy, s) with s the logarithm of the true size [m] that the size cue refers to. A size
cue that gives the distance d for an object of typical size S measures the distance d·exp(s − ln S). The error
of the assumed size is the same in every image. It must not be averaged as noise, but estimated (bias
estimation by augmenting the state: Bar-Shalom, Li & Kirubarajan, 2001, §11.5). The measurement is linearised
at the present estimate of s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from drive_stack.tracking.kernels import (
    STATES,
    innovation_covariance,
    line_of_sight_distance,
    line_of_sight_measurement,
    mahalanobis,
)
from drive_stack.types import FloatArray, LiftedObject, LineOfSight

MIN_VARIANCE = 0.03**2  # added to that of a measured position [m²]
Distance: TypeAlias = tuple[float, float]  # squared Mahalanobis distance, logarithm of the determinant
OUTLIER_DISTANCE = 3.0  # squared Mahalanobis distance for each dimension, from which noise is increased


@dataclass(frozen=True, slots=True)
class Measurement:
    """A linear measurement with M dimensions."""

    difference: FloatArray  # (M,) measured minus expected from the state [m]
    rows: FloatArray  # (M, 5) derivatives by the state
    noise: FloatArray  # (M, M) covariance of the noise [m²]

    def innovation_covariance(self, covariance: FloatArray) -> FloatArray:
        """(M, M) covariance of the differences for a state covariance (5, 5)."""
        return np.asarray(innovation_covariance(self.rows, covariance, self.noise))

    def mahalanobis(self, innovation: FloatArray) -> tuple[float, float]:
        """Squared Mahalanobis distance for an innovation covariance (M, M), and its log-determinant."""
        squared, log_determinant = mahalanobis(self.difference, innovation)
        return float(squared), float(log_determinant)

    def robust(self, covariance: FloatArray) -> Measurement:
        """The measurement, with more noise if it is an outlier for a state covariance (5, 5).

        A box that jumps is wrong (the weights of Huber, *Robust Statistics*, 1981, §7.3).
        """
        distance, _ = self.mahalanobis(self.innovation_covariance(covariance))
        excess = distance / len(self.difference) / OUTLIER_DISTANCE
        return self if excess <= 1.0 else Measurement(self.difference, self.rows, self.noise * excess)


def measure(detected: LiftedObject, mean: FloatArray) -> Measurement:
    """Compare a detected object with the mean (5,) of a state."""
    if detected.line_of_sight is None:
        noise = detected.covariance + MIN_VARIANCE * np.eye(2)
        return Measurement(detected.position - mean[:2], np.eye(2, STATES), noise)
    return _along_line_of_sight(detected, detected.line_of_sight, mean)


def distance_of(
    detected: LiftedObject, cues: FloatArray, mean: FloatArray, covariance: FloatArray
) -> Distance:
    """`Measurement.mahalanobis` of a detected object with its `cues_of`, divided by its number of dimensions.

    The state has the mean (5,) and the covariance (5, 5).
    """
    if detected.line_of_sight is None:
        measurement = measure(detected, mean)
        squared, log_determinant = measurement.mahalanobis(measurement.innovation_covariance(covariance))
        size = len(measurement.difference)
    else:
        line_of_sight = detected.line_of_sight
        squared, log_determinant, size = line_of_sight_distance(
            detected.position,
            line_of_sight.camera_position,
            cues,
            line_of_sight.transverse_sigma,
            detected.truncated_at_side,
            MIN_VARIANCE,
            mean,
            covariance,
        )
    return squared / size, log_determinant / size


def cues_of(line_of_sight: LineOfSight | None) -> FloatArray:
    """The cues as an array (C, 3): distance [m], variance of its logarithm, typical size [m] or NaN."""
    cues = () if line_of_sight is None else line_of_sight.cues
    rows = [(cue.distance, cue.variance, cue.typical_size or np.nan) for cue in cues]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _along_line_of_sight(detected: LiftedObject, line_of_sight: LineOfSight, mean: FloatArray) -> Measurement:
    """One radial row for each cue and one transverse row."""
    difference, rows, noise = line_of_sight_measurement(
        detected.position,
        line_of_sight.camera_position,
        cues_of(line_of_sight),
        line_of_sight.transverse_sigma,
        detected.truncated_at_side,
        mean,
    )
    return Measurement(difference, rows, np.diag(noise + MIN_VARIANCE))


def typical_log_size(detected: LiftedObject) -> tuple[float, float] | None:
    """Mean and variance of the logarithm of the size [m] in the object's class; None without a size cue."""
    for cue in detected.line_of_sight.cues if detected.line_of_sight is not None else ():
        if cue.typical_size is not None:
            return float(np.log(cue.typical_size)), cue.size_sigma**2
    return None
