"""Distance driven against the direction of the road."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import FloatArray

HORIZON = 1.0  # over which distances are added up [s]


def wrong_way_nuplan(stations: FloatArray, in_lane: NDArray[np.bool_], dt: float) -> float:
    """Greatest distance driven backwards along the lanes within a second [m]; both (T,).

    The increments of the last ten steps and of this one are added up, forwards against backwards; off the
    lanes there is no direction (nuplan-devkit, ``driving_direction_compliance.py``).
    """
    progress = np.concatenate([[0.0], np.diff(stations)]) * in_lane
    return max(0.0, -float(_window_sums(progress, dt).min()))


def wrong_way_navsim(
    distance: FloatArray, in_lane: NDArray[np.bool_], backwards: NDArray[np.bool_], dt: float
) -> float:
    """Greatest distance driven off the lanes, or against their direction, within a second [m].

    ``distance`` (T,) is that since the step before [m]. NAVSIM takes any place outside the lanes of the
    route for oncoming traffic (navsim, ``pdm_scorer.py``), and does not look at where the car points;
    ``backwards`` (T,) adds that.
    """
    return float(_window_sums(np.where(~in_lane | backwards, distance, 0.0), dt).max())


def _window_sums(increments: FloatArray, dt: float) -> FloatArray:
    """Sums over the last second's steps and the present one, at each step ``(T,)``."""
    total = np.concatenate([[0.0], np.cumsum(increments)])
    last = np.arange(1, len(total))
    return np.asarray(total[last] - total[np.maximum(last - 1 - round(HORIZON / dt), 0)])
