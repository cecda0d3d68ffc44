"""Compiled arithmetic of a target's state: its motion, and its comparison with a measurement.

The state is (x, y, vx, vy, s), see `drive_stack.tracking.kalman`. A measurement has M dimensions.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray

STATES = 5  # x, y, vx, vy [m, m/s], logarithm of the size; see `drive_stack.tracking.measurement`
MIN_VARIANCE = 0.03**2  # added to that of a measured position [m²]
OUTLIER_DISTANCE = 3.0  # squared Mahalanobis distance for each dimension, from which noise is increased
SIZE_DRIFT = 0.005  # std of the logarithm of the size for each step: the object is seen from new sides


class Measurement(NamedTuple):
    """The measured quantities of one detected object."""

    position: FloatArray  # (2,) in the ego frame [m]
    covariance: FloatArray  # (2, 2) of the position, used where nothing else is known [m²]
    has_line_of_sight: bool  # whether the position follows from the quantities below
    camera_position: FloatArray  # (2,) [m]
    # (C, 3) distance [m], variance of its logarithm, and assumed typical size [m] or NaN of each cue
    cues: FloatArray
    transverse_sigma: float  # std of the position at right angles to the line of sight [m]
    truncated_at_side: bool  # the left or right border of the image cuts the object off
    log_size: float  # logarithm of the typical size that a cue assumes [m]; NaN where none does
    log_size_variance: float


@kernel()
def predict_state(  # type: ignore[no-untyped-def]
    mean, covariance, shift, turn, dt, longitudinal_acceleration, lateral_acceleration
):
    """Mean (5,) and covariance (5, 5) after ``dt`` [s] at constant velocity, in the new ego frame.

    The ego moves by ``shift`` (2,) [m] and turns by ``turn`` [rad]. The accelerations are standard deviations
    [m/s²] along the former axes.
    """
    cos, sin = math.cos(turn), math.sin(turn)
    spread = _transformed(covariance, 1.0, 0.0, dt)
    for axis in range(2):
        velocity = axis + 2
        variance = (longitudinal_acceleration if axis == 0 else lateral_acceleration) ** 2
        spread[axis, axis] += 0.25 * dt**4 * variance
        spread[axis, velocity] += 0.5 * dt**3 * variance
        spread[velocity, axis] += 0.5 * dt**3 * variance
        spread[velocity, velocity] += dt**2 * variance
    spread[4, 4] += SIZE_DRIFT**2
    moved = np.empty(STATES)
    x, y = mean[0] + dt * mean[2] - shift[0], mean[1] + dt * mean[3] - shift[1]
    moved[0], moved[1] = cos * x + sin * y, cos * y - sin * x
    moved[2], moved[3] = cos * mean[2] + sin * mean[3], cos * mean[3] - sin * mean[2]
    moved[4] = mean[4]
    return moved, _transformed(spread, cos, sin, 0.0)


@kernel()
def update_state(mean, covariance, measurement):  # type: ignore[no-untyped-def]
    """Mean (5,) and covariance (5, 5) after a measurement, and its log-likelihood.

    An outlier gets more noise, because a box that jumps is wrong (the weights of Huber, *Robust Statistics*,
    1981, §7.3).
    """
    difference, rows, noise = _compare(measurement, mean)
    size = difference.shape[0]
    updated, moved = covariance.copy(), np.zeros(STATES)
    squared, log_determinant = _absorb(moved, updated, difference, rows, noise)
    excess = squared / size / OUTLIER_DISTANCE
    if excess > 1.0:
        for row in range(size):
            noise[row] *= excess
        updated, moved = covariance.copy(), np.zeros(STATES)
        squared, log_determinant = _absorb(moved, updated, difference, rows, noise)
    for state in range(STATES):
        moved[state] += mean[state]
    return moved, updated, -0.5 * (squared + log_determinant + size * math.log(2.0 * math.pi))


@kernel()
def closest_distances(measurement, means, covariances, ends):  # type: ignore[no-untyped-def]
    """Distances (N, 2) of a measurement from N targets, each from the closest of the target's states.

    They are the squared Mahalanobis distance and the logarithm of the determinant of the innovation
    covariance, both divided by the number of dimensions. The states of target i are ``ends[i - 1]`` …
    ``ends[i] - 1``.
    """
    distances = np.full((ends.shape[0], 2), np.inf)
    first = 0
    for target in range(ends.shape[0]):
        for state in range(first, ends[target]):
            difference, rows, noise = _compare(measurement, means[state])
            size, covariance, moved = difference.shape[0], covariances[state].copy(), np.zeros(STATES)
            squared, log_determinant = _absorb(moved, covariance, difference, rows, noise)
            if squared / size < distances[target, 0]:
                distances[target, 0], distances[target, 1] = squared / size, log_determinant / size
        first = ends[target]
    return distances


@kernel()
def _compare(measurement, mean):  # type: ignore[no-untyped-def]
    """Differences (M,) of a measurement from a state, rows (M, 5) and variances (M,), linearised there.

    The errors of the rows are independent. Along a line of sight there is one radial row for each cue, and a
    transverse one.
    """
    position, camera, cues = measurement.position, measurement.camera_position, measurement.cues
    count = cues.shape[0] if measurement.has_line_of_sight else 1
    difference, rows, noise = np.zeros(count + 1), np.zeros((count + 1, STATES)), np.zeros(count + 1)
    if not measurement.has_line_of_sight:
        # y without the part of its error that is correlated with that of x is independent of it
        covariance = measurement.covariance
        noise[0] = covariance[0, 0] + MIN_VARIANCE
        slope = covariance[0, 1] / noise[0]
        noise[1] = covariance[1, 1] + MIN_VARIANCE - slope * covariance[0, 1]
        rows[0, 0], rows[1, 0], rows[1, 1] = 1.0, -slope, 1.0
        difference[0] = position[0] - mean[0]
        difference[1] = position[1] - mean[1] - slope * difference[0]
        return difference, rows, noise
    sight_x, sight_y = position[0] - camera[0], position[1] - camera[1]
    length = math.hypot(sight_x, sight_y)
    radial_x, radial_y = sight_x / length, sight_y / length
    place_x, place_y = mean[0] - camera[0], mean[1] - camera[1]
    for row in range(count):
        distance = cues[row, 0]
        if not math.isnan(cues[row, 2]):
            distance *= math.exp(mean[4]) / cues[row, 2]
            rows[row, 4] = -distance
        rows[row, 0], rows[row, 1] = radial_x, radial_y
        difference[row] = distance - (radial_x * place_x + radial_y * place_y)
        noise[row] = cues[row, 1] * distance**2 + MIN_VARIANCE
    difference[count] = radial_y * place_x - radial_x * place_y
    # an object cut off by the side of the image extends at least this far: a state farther out agrees
    if measurement.truncated_at_side and difference[count] * position[1] < 0.0:
        difference[count] = 0.0
    else:
        rows[count, 0], rows[count, 1] = -radial_y, radial_x
    noise[count] = measurement.transverse_sigma**2 + MIN_VARIANCE
    return difference, rows, noise


@kernel()
def _absorb(moved, covariance, difference, rows, noise):  # type: ignore[no-untyped-def]
    """Update a state in place with one row of a measurement after another, and return their distance.

    Rows with independent errors give the same result one by one as together (sequential processing:
    Bar-Shalom, Li & Kirubarajan, 2001, chapter 7). Joseph's form keeps the covariance positive definite.

    Args:
        moved: (5,) the change of the mean, initially 0.
        covariance: (5, 5).
        difference: (M,) measured minus expected.
        rows: (M, 5) derivatives by the state.
        noise: (M,) variances.

    Returns:
        The squared Mahalanobis distance of all rows, and the logarithm of the determinant of their innovation
        covariance.
    """
    squared = log_determinant = 0.0
    cross, gain = np.empty(STATES), np.empty(STATES)
    for row in range(difference.shape[0]):
        residual, variance = difference[row], noise[row]
        for i in range(STATES):
            cross[i] = 0.0
            for j in range(STATES):
                cross[i] += covariance[i, j] * rows[row, j]
            residual -= rows[row, i] * moved[i]
            variance += rows[row, i] * cross[i]
        squared += residual**2 / variance
        log_determinant += math.log(variance)
        for i in range(STATES):
            gain[i] = cross[i] / variance
            moved[i] += gain[i] * residual
        # (I − k·hᵀ)·P·(I − k·hᵀ)ᵀ + r·k·kᵀ, a side at a time
        for i in range(STATES):
            for j in range(STATES):
                covariance[i, j] -= gain[i] * cross[j]
        for i in range(STATES):
            cross[i] = 0.0
            for j in range(STATES):
                cross[i] += covariance[i, j] * rows[row, j]
        for i in range(STATES):
            for j in range(i + 1):
                entry = covariance[i, j] - cross[i] * gain[j] + noise[row] * gain[i] * gain[j]
                covariance[i, j] = covariance[j, i] = entry
    return squared, log_determinant


@kernel()
def _transformed(covariance, cos, sin, dt):  # type: ignore[no-untyped-def]
    """Covariance (5, 5) of a state whose vectors are turned, and whose position moves by ``dt`` velocities.

    The state is turned clockwise by the angle with ``cos`` and ``sin``.
    """
    result = covariance.copy()
    for _ in range(2):  # the rows; then, transposed, the columns
        for column in range(STATES):
            result[0, column] += dt * result[2, column]
            result[1, column] += dt * result[3, column]
            for axis in range(0, 4, 2):
                x, y = result[axis, column], result[axis + 1, column]
                result[axis, column], result[axis + 1, column] = cos * x + sin * y, cos * y - sin * x
        for row in range(STATES):
            for column in range(row):
                upper = result[column, row]
                result[column, row], result[row, column] = result[row, column], upper
    for row in range(STATES):
        for column in range(row):
            result[row, column] = result[column, row]  # equal but for rounding
    return result
