"""Longitudinal candidates: quartic polynomials to a speed, and ramps to a constant acceleration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.planning.polynomials import derivative, evaluate, quartic
from drive_stack.planning.settings import ComfortSettings
from drive_stack.types import FloatArray

SLOWER = (20.0, 14.0, 10.0, 7.0, 5.0, 3.5, 2.5, 1.7, 1.0, 0.5, 0.2)  # [m/s]
FASTER_STEPS = (0.0, 0.2, 0.5, 1.0, 1.7, 3.0, 5.0, 8.0)  # [m/s]
STEPS = np.array([*(-step for step in SLOWER), *FASTER_STEPS])
DURATIONS = np.array([2.0, 3.5, 6.0])  # [s]
COMFORT_RAMPS = (0.0, -1.0, -2.0, -3.0, -4.0)  # [m/s²]
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
    ends, durations = (grid.ravel() for grid in np.meshgrid(targets, DURATIONS))
    quartics = _quartics(speed, acceleration, ends, durations, times)
    ramps = ramp_profiles(
        speed, acceleration, np.array(COMFORT_RAMPS), comfort.max_jerk, times, emergency=False
    )
    braking = np.unique(np.maximum(EMERGENCY_RAMPS, -max_braking))[::-1]
    hard = ramp_profiles(speed, acceleration, braking, comfort.emergency_jerk, times, emergency=True)
    comfortable = _select(quartics, _within(quartics, acceleration, comfort))
    return _join((comfortable, ramps, hard))


def ramp_profiles(
    speed: float, acceleration: float, targets: FloatArray, jerk: float, times: FloatArray, *, emergency: bool
) -> Profiles:
    """Ramps from the present acceleration to each of ``targets`` (K,) [m/s²] at ``jerk`` [m/s³]."""
    rise = (targets - acceleration)[:, None]
    needed = np.abs(rise) / jerk
    within = np.minimum(times, needed)
    slope = np.sign(rise) * jerk
    reached = acceleration + slope * within
    velocity = speed + acceleration * times + slope * (0.5 * within**2 + within * (times - within))
    position = (
        speed * times
        + 0.5 * acceleration * times**2
        + slope
        * (within**3 / 6.0 + 0.5 * within**2 * (times - within) + 0.5 * within * (times - within) ** 2)
    )
    motion = np.where(times < needed, slope, 0.0)
    flags = np.full(len(targets), emergency)
    return _stopped(Profiles(position, velocity, reached, motion, flags))


def _quartics(
    speed: float, acceleration: float, ends: FloatArray, durations: FloatArray, times: FloatArray
) -> Profiles:
    position = quartic(speed, acceleration, ends, durations)
    velocity = derivative(position)
    second = derivative(velocity)
    third = derivative(second)
    at = np.minimum(times, durations[:, None])
    after = np.maximum(times - durations[:, None], 0.0)
    going = after <= 0.0
    return _stopped(
        Profiles(
            station=evaluate(position, at) + ends[:, None] * after,
            speed=evaluate(velocity, at),
            acceleration=np.where(going, evaluate(second, at), 0.0),
            jerk=np.where(going, evaluate(third, at), 0.0),
            emergency=np.zeros(len(ends), dtype=np.bool_),
        )
    )


def _stopped(profiles: Profiles) -> Profiles:
    """Keep a car stopped once it stands, so that no profile reverses."""
    stops = profiles.speed <= 1e-9
    stops[:, 0] = False  # a start from rest
    stands = np.logical_or.accumulate(stops, axis=1)
    return Profiles(
        station=np.maximum.accumulate(np.where(stands, 0.0, profiles.station), axis=1),
        speed=np.where(stands, 0.0, np.maximum(profiles.speed, 0.0)),
        acceleration=np.where(stands, 0.0, profiles.acceleration),
        jerk=np.where(stands, 0.0, profiles.jerk),
        emergency=profiles.emergency,
    )


def _within(profiles: Profiles, acceleration: float, comfort: ComfortSettings) -> NDArray[np.bool_]:
    """Profiles within the comfort limits, or no farther outside than the present acceleration."""
    lowest, highest = (
        min(comfort.min_acceleration, acceleration),
        max(comfort.max_acceleration, acceleration),
    )
    low = profiles.acceleration.min(axis=1) >= lowest - 1e-9
    high = profiles.acceleration.max(axis=1) <= highest + 1e-9
    smooth = np.abs(profiles.jerk).max(axis=1) <= comfort.max_jerk + 1e-9
    return np.asarray(low & high & smooth)


def _select(profiles: Profiles, keep: NDArray[np.bool_]) -> Profiles:
    return Profiles(
        profiles.station[keep],
        profiles.speed[keep],
        profiles.acceleration[keep],
        profiles.jerk[keep],
        profiles.emergency[keep],
    )


def _join(parts: tuple[Profiles, ...]) -> Profiles:
    return Profiles(
        np.concatenate([part.station for part in parts]),
        np.concatenate([part.speed for part in parts]),
        np.concatenate([part.acceleration for part in parts]),
        np.concatenate([part.jerk for part in parts]),
        np.concatenate([part.emergency for part in parts]),
    )
