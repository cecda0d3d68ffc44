"""The equilibrium speed of traffic of a given density, and the maximum density.

In steady traffic a driver of the Intelligent Driver Model (Treiber 2000) keeps the gap
s_e(v) = (s0 + v·T) / sqrt(1 − (v / v0)^4) at the speed v, where v0 is the desired speed, T the time
gap and s0 the gap at a standstill. The functions here solve this for the speed.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from drive_stack.support.kernels import kernel
from drive_stack.types import ObjectClass
from drive_stack.vehicle import DRY_GRIP

from ..bodies import BODIES, ordinary_bodies
from .car_following import idm
from .records import caution_factor

STANDSTILL_GAP = 2.0  # s0, bumper to bumper [m]
CRAWLING_GAP = 3.0  # mean gap at the maximum density [m]
MEAN_TIME_GAP = 1.6  # of the drivers that `envs.traffic.mix` draws [s]
_BISECTIONS = 30


def equilibrium_speed(gap: float, desired_speed: float, time_gap: float = MEAN_TIME_GAP) -> float:
    """Return the speed [m/s] at which ``gap`` [m] is a driver's equilibrium gap s_e."""
    return float(_equilibrium_speed(gap, desired_speed, time_gap))


def flow_speed(
    density: float, desired_speed: float, large_fraction: float | None = None, *, grip: float = DRY_GRIP
) -> float:
    """Return the speed [m/s] of steady traffic of a density [vehicles/km/lane] on a road of a grip [m/s²]."""
    gap = 1000.0 / max(density, 1e-3) - mean_length(large_fraction)
    return equilibrium_speed(gap, desired_speed, caution_factor(grip) * MEAN_TIME_GAP)


@cache
def mean_length(large_fraction: float | None = None) -> float:
    """Return the mean vehicle length [m] where ``large_fraction`` of them are vans, trucks and buses.

    None takes the fraction from the bodies' weights. The result is the larger of two means: over the bodies
    used in training, and over all bodies including those held out.
    """
    return max(_mean_length(large_fraction, held_out) for held_out in (False, True))


def max_density(large_fraction: float | None = None) -> float:
    """Return the maximum density [vehicles/km/lane] of traffic, with gaps of `CRAWLING_GAP` on average."""
    return 1000.0 / (mean_length(large_fraction) + CRAWLING_GAP)


def _mean_length(large_fraction: float | None, held_out: bool) -> float:
    bodies = [BODIES[index] for index in ordinary_bodies(held_out=held_out)]
    weight = np.array([body.weight for body in bodies])
    length = np.array([sum(body.length) / 2.0 for body in bodies])
    large = np.array([body.label is ObjectClass.LARGE_VEHICLE for body in bodies])
    if large_fraction is None:
        return float(np.average(length, weights=weight))
    means = [float(np.average(length[kind], weights=weight[kind])) for kind in (~large, large)]
    return means[0] * (1.0 - large_fraction) + means[1] * large_fraction


@kernel()
def _equilibrium_speed(gap, desired_speed, time_gap):  # type: ignore[no-untyped-def]
    low, high = 0.0, desired_speed
    for _ in range(_BISECTIONS):
        speed = (low + high) / 2.0
        free = math.sqrt(max(1.0 - (speed / desired_speed) ** 4, 0.0))
        if STANDSTILL_GAP + speed * time_gap < gap * free:
            low = speed
        else:
            high = speed
    return low


@kernel()
def unaccelerated_speed(row, desired, gap, leader_speed):  # type: ignore[no-untyped-def]
    """Return the maximum speed [m/s] up to ``desired`` at which a driver behind a leader does not brake."""
    if idm(row, desired, desired, gap, leader_speed, STANDSTILL_GAP) >= 0.0:
        return desired
    low, high = 0.0, desired
    for _ in range(_BISECTIONS):
        speed = (low + high) / 2.0
        if idm(row, speed, desired, gap, leader_speed, STANDSTILL_GAP) >= 0.0:
            low = speed
        else:
            high = speed
    return low


@kernel()
def settle_speeds(rows, desired, leader_rear, leader_speed):  # type: ignore[no-untyped-def]
    """Set the speeds of a lane's new vehicles in place, front first, so that no driver has to brake.

    ``rows`` (N,) are `VEHICLE` records by falling station and ``desired`` (N,) their desired speeds [m/s].
    ``leader_rear`` (N,) is the station [m] of the rear bumper of the next other body ahead in the lane, inf
    where there is none, and ``leader_speed`` (N,) its speed [m/s].
    """
    for i in range(rows.shape[0]):
        row = rows[i]
        rear, speed = leader_rear[i], leader_speed[i]
        if i > 0:
            previous = rows[i - 1]
            if previous.station - previous.length / 2.0 < rear:
                rear, speed = previous.station - previous.length / 2.0, previous.speed
        gap = rear - row.station - row.length / 2.0
        row.speed = unaccelerated_speed(row, desired[i], gap, speed)
