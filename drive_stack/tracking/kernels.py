"""Compiled arithmetic of a measurement, done for every pair of a target and an object in every step."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

STATES = 5  # x, y, vx, vy [m, m/s], logarithm of the size; see `drive_stack.tracking.measurement`


@njit(cache=True)
def line_of_sight_measurement(position, camera_position, cues, transverse_sigma, truncated_at_side, mean):  # type: ignore[no-untyped-def]
    """Differences (C + 1,), rows (C + 1, 5) and variances (C + 1,) of an object at ``position``.

    ``cues`` (C, 3) are distance [m], variance of its logarithm, and assumed typical size [m] or NaN.
    The first C rows are radial, the last one is transverse.
    """
    count = cues.shape[0]
    difference, rows, noise = np.zeros(count + 1), np.zeros((count + 1, STATES)), np.zeros(count + 1)
    sight_x, sight_y = position[0] - camera_position[0], position[1] - camera_position[1]
    length = math.hypot(sight_x, sight_y)
    radial_x, radial_y = sight_x / length, sight_y / length
    place_x, place_y = mean[0] - camera_position[0], mean[1] - camera_position[1]
    for row in range(count):
        distance = cues[row, 0]
        if not math.isnan(cues[row, 2]):
            distance *= math.exp(mean[4]) / cues[row, 2]
            rows[row, 4] = -distance
        rows[row, 0], rows[row, 1] = radial_x, radial_y
        difference[row] = distance - (radial_x * place_x + radial_y * place_y)
        noise[row] = cues[row, 1] * distance**2
    difference[count] = radial_y * place_x - radial_x * place_y
    # an object cut off by the side of the image extends at least this far: a state farther out agrees
    if truncated_at_side and difference[count] * position[1] < 0.0:
        difference[count] = 0.0
    else:
        rows[count, 0], rows[count, 1] = -radial_y, radial_x
    noise[count] = transverse_sigma**2
    return difference, rows, noise


@njit(cache=True)
def innovation_covariance(rows, covariance, noise):  # type: ignore[no-untyped-def]
    """H·P·Hᵀ + R for ``rows`` H (M, 5), a state ``covariance`` P (5, 5) and ``noise`` R (M, M)."""
    size, result = rows.shape[0], noise.copy()
    for first in range(size):
        for left in range(STATES):
            for right in range(STATES):
                part = rows[first, left] * covariance[left, right]
                for second in range(size):
                    result[first, second] += part * rows[second, right]
    return result


@njit(cache=True)
def mahalanobis(difference, covariance):  # type: ignore[no-untyped-def]
    """Squared Mahalanobis distance of ``difference`` (M,) for a ``covariance`` (M, M), and log-determinant.

    Both follow from the Cholesky decomposition of the covariance.
    """
    size = difference.shape[0]
    factor, whitened = np.zeros((size, size)), np.zeros(size)
    squared, log_determinant = 0.0, 0.0
    for row in range(size):
        for column in range(row + 1):
            entry = covariance[row, column]
            for inner in range(column):
                entry -= factor[row, inner] * factor[column, inner]
            factor[row, column] = math.sqrt(entry) if row == column else entry / factor[column, column]
        residual = difference[row]
        for inner in range(row):
            residual -= factor[row, inner] * whitened[inner]
        whitened[row] = residual / factor[row, row]
        squared += whitened[row] ** 2
        log_determinant += 2.0 * math.log(factor[row, row])
    return squared, log_determinant


@njit(cache=True)
def line_of_sight_distance(  # type: ignore[no-untyped-def]
    position, camera_position, cues, transverse_sigma, truncated_at_side, min_variance, mean, covariance
):
    """`mahalanobis` of `line_of_sight_measurement` for a state, and its number of dimensions.

    ``min_variance`` [m²] is added to every variance.
    """
    difference, rows, variances = line_of_sight_measurement(
        position, camera_position, cues, transverse_sigma, truncated_at_side, mean
    )
    innovation = innovation_covariance(rows, covariance, np.diag(variances + min_variance))
    squared, log_determinant = mahalanobis(difference, innovation)
    return squared, log_determinant, difference.shape[0]
