"""A detected object as a linear measurement of a target's state.

The state is (x, y, vx, vy, s) with s the logarithm of the true size [m] that the size cue refers to. A size
cue that gives the distance d for an object of typical size S measures the distance d·exp(s − ln S). The error
of the assumed size is the same in every image. It must not be averaged as noise, but estimated (bias
estimation by augmenting the state: Bar-Shalom, Li & Kirubarajan, 2001, §11.5). The measurement is linearised
at the present estimate of s.
"""

from __future__ import annotations

import math

import numpy as np

from drive_stack.tracking.kernels import Measurement
from drive_stack.types import FloatArray, LiftedObject, RangeCue

_AT_ORIGIN = np.zeros(2)


def measurement_of(detected: LiftedObject) -> Measurement:
    """The measured quantities of a detected object."""
    line_of_sight = detected.line_of_sight
    cues = () if line_of_sight is None else line_of_sight.cues
    log_size, log_size_variance = _typical_log_size(cues)
    return Measurement(
        position=detected.position,
        covariance=detected.covariance,
        has_line_of_sight=line_of_sight is not None,
        camera_position=_AT_ORIGIN if line_of_sight is None else line_of_sight.camera_position,
        cues=_array(cues),
        transverse_sigma=0.0 if line_of_sight is None else float(line_of_sight.transverse_sigma),
        truncated_at_side=detected.truncated_at_side,
        log_size=log_size,
        log_size_variance=log_size_variance,
    )


def _array(cues: tuple[RangeCue, ...]) -> FloatArray:
    rows = [(cue.distance, cue.variance, cue.typical_size or math.nan) for cue in cues]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _typical_log_size(cues: tuple[RangeCue, ...]) -> tuple[float, float]:
    """Mean and variance of the logarithm of the size [m] in the object's class; NaN without a size cue."""
    for cue in cues:
        if cue.typical_size is not None:
            return math.log(cue.typical_size), cue.size_sigma**2
    return math.nan, math.nan
