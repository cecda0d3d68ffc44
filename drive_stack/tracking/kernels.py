"""Compiled: the arithmetic of a reading, done for every pair of a target and a sighting in every step."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

STATES = 5  # x, y, vx, vy [m, m/s], logarithm of the size; see `drive_stack.tracking.measurement`


@njit(cache=True)
def along_and_across(position, camera_position, cues, across_sigma, truncated_at_side, mean):  # type: ignore[no-untyped-def]
    """Differences (C + 1,), rows (C + 1, 5) and variances (C + 1,) of a sighting from ``camera_position``.

    ``cues`` (C, 3) are distance [m], variance of its logarithm, and the usual size [m] it supposes or NaN.
    """
    count = cues.shape[0]
    difference, rows, noise = np.zeros(count + 1), np.zeros((count + 1, STATES)), np.zeros(count + 1)
    sight_x, sight_y = position[0] - camera_position[0], position[1] - camera_position[1]
    far = math.hypot(sight_x, sight_y)
    along_x, along_y = sight_x / far, sight_y / far
    place_x, place_y = mean[0] - camera_position[0], mean[1] - camera_position[1]
    for row in range(count):
        distance = cues[row, 0]
        if not math.isnan(cues[row, 2]):
            distance *= math.exp(mean[4]) / cues[row, 2]
            rows[row, 4] = -distance
        rows[row, 0], rows[row, 1] = along_x, along_y
        difference[row] = distance - (along_x * place_x + along_y * place_y)
        noise[row] = cues[row, 1] * distance**2
    difference[count] = along_y * place_x - along_x * place_y
    # cut off by the image's side it reaches at least so far out: what is farther out agrees with that
    if truncated_at_side and difference[count] * position[1] < 0.0:
        difference[count] = 0.0
    else:
        rows[count, 0], rows[count, 1] = -along_y, along_x
    noise[count] = across_sigma**2
    return difference, rows, noise


@njit(cache=True)
def innovation_covariance(rows, covariance, noise):  # type: ignore[no-untyped-def]
    """``rows`` (M, 5) times the state's ``covariance`` (5, 5) times the rows again, plus ``noise`` (M, M)."""
    size, found = rows.shape[0], noise.copy()
    for first in range(size):
        for left in range(STATES):
            for right in range(STATES):
                part = rows[first, left] * covariance[left, right]
                for second in range(size):
                    found[first, second] += part * rows[second, right]
    return found


@njit(cache=True)
def mahalanobis(difference, spread):  # type: ignore[no-untyped-def]
    """Squared Mahalanobis distance of ``difference`` (M,), and the logarithm of the determinant of the
    covariance ``spread`` (M, M), by Cholesky's factors."""
    size = difference.shape[0]
    factor, whitened = np.zeros((size, size)), np.zeros(size)
    squared, log_determinant = 0.0, 0.0
    for row in range(size):
        for column in range(row + 1):
            left = spread[row, column]
            for inner in range(column):
                left -= factor[row, inner] * factor[column, inner]
            factor[row, column] = math.sqrt(left) if row == column else left / factor[column, column]
        rest = difference[row]
        for inner in range(row):
            rest -= factor[row, inner] * whitened[inner]
        whitened[row] = rest / factor[row, row]
        squared += whitened[row] ** 2
        log_determinant += 2.0 * math.log(factor[row, row])
    return squared, log_determinant


@njit(cache=True)
def sight_distance(position, camera_position, cues, across_sigma, truncated_at_side, least, mean, covariance):  # type: ignore[no-untyped-def]
    """`mahalanobis` of a sighting along and across its line of sight, given a state, and how many dimensions
    that has; ``least`` is added to every variance."""
    difference, rows, variances = along_and_across(
        position, camera_position, cues, across_sigma, truncated_at_side, mean
    )
    spread = innovation_covariance(rows, covariance, np.diag(variances + least))
    squared, log_determinant = mahalanobis(difference, spread)
    return squared, log_determinant, difference.shape[0]
