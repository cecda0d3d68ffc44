"""The centre line of a lane from the ego's pose in it and a few curvatures ahead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drive_stack.types import FloatArray, LanePath

BEHIND, STEP = 10.0, 2.0  # of the sampled path [m]


def lane_path(
    offset: float, heading: float, knots: Sequence[float], curvature: Sequence[float], length: float
) -> LanePath:
    """The centre line from `BEHIND` to ``length`` [m] ahead of the ego, in the ego frame.

    Args:
        offset: of the rear axle to the left of the centre line [m].
        heading: ego yaw minus direction of the lane at the rear axle [rad].
        knots: distances along the lane at which the curvature is known, increasing from 0 [m].
        curvature: at each of ``knots``, linear between them and constant outside [1/m].
        length: of the path ahead [m].
    """
    station = np.arange(-BEHIND, length + STEP, STEP)
    kappa = np.interp(station, knots, curvature)
    at_ego = round(BEHIND / STEP)
    turned = _integrated(kappa[:, None])[:, 0]
    direction = turned - turned[at_ego] - heading
    steps = np.stack([np.cos(direction), np.sin(direction)], axis=1)
    xy = _integrated(steps)
    # the rear axle is `offset` left of the line, at right angles to it
    abreast = -offset * np.array([np.sin(heading), np.cos(heading)])
    return LanePath(station, xy - xy[at_ego] + abreast, direction, kappa)


def _integrated(rates: FloatArray) -> FloatArray:
    """Integral (M, K) of rates (M, K) at stations `STEP` apart, by the trapezoidal rule."""
    increments = 0.5 * STEP * (rates[1:] + rates[:-1])
    return np.concatenate([np.zeros((1, rates.shape[1])), np.cumsum(increments, axis=0)])
