"""Longitudinal candidates: quartic polynomials to a speed, and ramps to a constant acceleration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.planning.polynomials import quartic
from drive_stack.planning.profiles_kernel import quartic_motions, ramp_motions
from drive_stack.planning.settings import ComfortSettings
from drive_stack.types import FloatArray

SLOWER = (20.0, 14.0, 10.0, 7.0, 5.0, 3.5, 2.5, 1.7, 1.0, 0.5, 0.2)  # [m/s]
FASTER_STEPS = (0.0, 0.2, 0.5, 1.0, 1.7, 3.0, 5.0, 8.0)  # [m/s]
STEPS = np.array([*(-step for step in SLOWER), *FASTER_STEPS])
DURATIONS = np.array([2.0, 3.5, 6.0])  # [s]
COMFORT_RAMPS = np.array([0.0, -1.0, -2.0, -3.0, -4.0])  # [m/s²]
EMERGENCY_RAMPS = (-5.0, -6.5, -8.0)  # [m/s²]


@dataclass(frozen=True, slots=True)
class Profiles:
    """``K`` motions along the lane at ``T`` instants. None of them reverses."""

    station: FloatArray  # (K, T) from 0 [m]
    speed: FloatArray  # (K, T) [m/s]
    acceleration: FloatArray  # (K, T) [m/s²]
    jerk: FloatArray  # (K, T) [m/s³]
    emergency: NDArray[np.bool_]  # (K,)


def longitudinal_profiles(
    speed: float,
    acceleration: float,
    speeds: FloatArray,
    times: FloatArray,
    comfort: ComfortSettings,
    max_braking: float,
) -> Profiles:
    """Candidates from the present state to each of ``speeds`` (N,) [m/s] and to speeds near the present one.

    Emergency braking does not exceed ``max_braking`` [m/s²], which is positive.
    """
    targets = np.unique(np.round(np.maximum(np.concatenate([speed + STEPS, speeds]), 0.0), 3))
    ends, durations = np.tile(targets, len(DURATIONS)), np.repeat(DURATIONS, len(targets))
    quartics = quartic_motions(quartic(speed, acceleration, ends, durations), ends, durations, times)
    comfortable = quartics[:, _within(quartics, acceleration, comfort)]
    ramps = ramp_motions(speed, acceleration, COMFORT_RAMPS, comfort.max_jerk, times)
    braking = np.array(sorted({max(ramp, -max_braking) for ramp in EMERGENCY_RAMPS}, reverse=True))
    hard = ramp_motions(speed, acceleration, braking, comfort.emergency_jerk, times)
    motions = np.concatenate([comfortable, ramps, hard], axis=1)
    emergency = np.zeros(motions.shape[1], dtype=np.bool_)
    emergency[-len(braking) :] = True
    return _profiles(motions, emergency)


def ramp_profiles(
    speed: float, acceleration: float, targets: FloatArray, jerk: float, times: FloatArray, *, emergency: bool
) -> Profiles:
    """Ramps from the present acceleration to each of ``targets`` (K,) [m/s²] at ``jerk`` [m/s³]."""
    motions = ramp_motions(speed, acceleration, targets, jerk, times)
    return _profiles(motions, np.full(len(targets), emergency))


def _profiles(motions: FloatArray, emergency: NDArray[np.bool_]) -> Profiles:
    """The motions (4, K, T) of `drive_stack.planning.profiles_kernel` as a record."""
    station, speed, acceleration, jerk = motions
    return Profiles(station, speed, acceleration, jerk, emergency)


def _within(motions: FloatArray, acceleration: float, comfort: ComfortSettings) -> NDArray[np.bool_]:
    """Motions (4, K, T) within the comfort limits, or no farther outside than the present acceleration."""
    lowest, highest = (
        min(comfort.min_acceleration, acceleration),
        max(comfort.max_acceleration, acceleration),
    )
    _, _, accelerations, jerks = motions
    low = accelerations.min(axis=1) >= lowest - 1e-9
    high = accelerations.max(axis=1) <= highest + 1e-9
    smooth = np.abs(jerks).max(axis=1) <= comfort.max_jerk + 1e-9
    return np.asarray(low & high & smooth)
