"""Ride comfort against the bounds that nuPlan, NAVSIM and Bench2Drive share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from drive_stack.types import FloatArray

CHUNK = 20  # steps judged together (Bench2Drive)
WINDOW = 15  # of the Savitzky–Golay filter, order 2 (nuPlan)


@dataclass(frozen=True, slots=True)
class ComfortBounds:
    """Greatest magnitudes a passenger finds comfortable (nuplan-devkit, metrics description)."""

    min_longitudinal: float = -4.05  # [m/s²]
    max_longitudinal: float = 2.40  # [m/s²]
    lateral: float = 4.89  # [m/s²]
    jerk: float = 8.37  # [m/s³]
    longitudinal_jerk: float = 4.13  # [m/s³]
    yaw_rate: float = 0.95  # [rad/s]
    yaw_acceleration: float = 1.93  # [rad/s²]


def comfortable_steps(
    longitudinal: FloatArray, lateral: FloatArray, yaw_rate: FloatArray, dt: float
) -> NDArray[np.bool_]:
    """Whether every bound holds at each step; all inputs ``(T,)``: accelerations [m/s²], [rad/s].

    Derivatives come from a local quadratic fit, as nuPlan takes them.
    """
    bounds = ComfortBounds()
    along, across = _smooth(longitudinal, dt, 0), _smooth(lateral, dt, 0)
    jerk_along, jerk_across = _smooth(longitudinal, dt, 1), _smooth(lateral, dt, 1)
    return np.asarray(
        (along >= bounds.min_longitudinal)
        & (along <= bounds.max_longitudinal)
        & (np.abs(across) <= bounds.lateral)
        & (np.hypot(jerk_along, jerk_across) <= bounds.jerk)
        & (np.abs(jerk_along) <= bounds.longitudinal_jerk)
        & (np.abs(_smooth(yaw_rate, dt, 0)) <= bounds.yaw_rate)
        & (np.abs(_smooth(yaw_rate, dt, 1)) <= bounds.yaw_acceleration)
    )


def comfort_share(longitudinal: FloatArray, lateral: FloatArray, yaw_rate: FloatArray, dt: float) -> float:
    """Share of chunks of `CHUNK` steps in which every bound holds throughout (Bench2Drive), 0 … 1."""
    if len(longitudinal) == 0:
        return 1.0
    good = comfortable_steps(longitudinal, lateral, yaw_rate, dt)
    chunks = np.array_split(good, max(1, len(good) // CHUNK))
    return float(np.mean([chunk.all() for chunk in chunks]))


def _smooth(values: FloatArray, dt: float, derivative: int) -> FloatArray:
    window = min(WINDOW, len(values) - 1 + len(values) % 2)  # odd, no longer than the series
    if window < 3:
        return values if derivative == 0 else np.zeros_like(values)
    return np.asarray(savgol_filter(values, window, 2, deriv=derivative, delta=dt))
