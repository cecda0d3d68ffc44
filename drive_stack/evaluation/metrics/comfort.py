"""Ride comfort against the bounds that nuPlan, NAVSIM and Bench2Drive share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import FloatArray

CHUNK = 20  # samples evaluated together (Bench2Drive)
SAMPLING = 0.1  # the step of nuPlan and NAVSIM, which the windows below are counted in [s]
ACCELERATION_WINDOW = 8  # samples of the Savitzky-Golay filter; of order 2 unless stated otherwise
JERK_WINDOW = 15
YAW_WINDOW = 5
YAW_ACCELERATION_ORDER = 3
_DECIMALS = 8  # as nuPlan and NAVSIM round before they compare


@dataclass(frozen=True, slots=True)
class ComfortBounds:
    """Magnitudes that a passenger finds comfortable stay below these (nuplan-devkit)."""

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
    """Whether every bound holds at each sample of 0.1 s; inputs are ``(T,)``, ``dt`` [s] apart.

    Accelerations are those of the body's centre [m/s²], the yaw rate is in [rad/s]. As in nuplan-devkit
    (``state_extractors.py``) and navsim (``pdm_comfort_metrics.py``): accelerations are smoothed over 8
    samples, jerk is the slope of a smoothed acceleration over 15, that of the magnitude included, and yaw
    rate and yaw acceleration are the derivatives of the heading over 5.
    """
    bounds = ComfortBounds()
    along, across, turning = (_resampled(values, dt) for values in (longitudinal, lateral, yaw_rate))
    heading = np.concatenate([[0.0], np.cumsum((turning[1:] + turning[:-1]) * SAMPLING / 2.0)])
    smooth_along = _filtered(along, ACCELERATION_WINDOW)
    smooth_across = _filtered(across, ACCELERATION_WINDOW)
    magnitude = _filtered(np.hypot(along, across), ACCELERATION_WINDOW)
    yaw_acceleration = _filtered(heading, YAW_WINDOW, derivative=2, order=YAW_ACCELERATION_ORDER)
    return np.asarray(
        (smooth_along > bounds.min_longitudinal)
        & (smooth_along < bounds.max_longitudinal)
        & (np.abs(smooth_across) < bounds.lateral)
        & (np.abs(_filtered(magnitude, JERK_WINDOW, derivative=1)) < bounds.jerk)
        & (np.abs(_filtered(smooth_along, JERK_WINDOW, derivative=1)) < bounds.longitudinal_jerk)
        & (np.abs(_filtered(heading, YAW_WINDOW, derivative=1)) < bounds.yaw_rate)
        & (np.abs(yaw_acceleration) < bounds.yaw_acceleration)
    )


def comfort_fraction(longitudinal: FloatArray, lateral: FloatArray, yaw_rate: FloatArray, dt: float) -> float:
    """Fraction of chunks of `CHUNK` samples in which every bound holds throughout (Bench2Drive), 0 … 1.

    A rest shorter than a chunk is left out, unless there is nothing else.
    """
    good = comfortable_steps(longitudinal, lateral, yaw_rate, dt)
    if len(good) <= CHUNK:
        return float(good.all())
    whole = good[: len(good) // CHUNK * CHUNK].reshape(-1, CHUNK)
    return float(whole.all(axis=1).mean())


def _resampled(values: FloatArray, dt: float) -> FloatArray:
    """The values at steps of `SAMPLING`, interpolated where ``dt`` differs."""
    if abs(dt - SAMPLING) < 1e-9 or len(values) < 2:
        return values
    time = np.arange(len(values)) * dt
    return np.interp(np.arange(0.0, time[-1] + 1e-9, SAMPLING), time, values)


def _filtered(values: FloatArray, window: int, *, derivative: int = 0, order: int = 2) -> FloatArray:
    window = min(window, len(values))
    if window <= order:  # too short for the filter
        return values if derivative == 0 else np.zeros_like(values)
    from scipy.signal import savgol_filter  # noqa: PLC0415 - importing takes seconds; a drive ends with it

    smooth = savgol_filter(values, window, order, deriv=derivative, delta=SAMPLING)
    return np.asarray(np.round(smooth, _DECIMALS))
