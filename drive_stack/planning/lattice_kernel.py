"""The compiled inner loop of the lattice: the cost of every path with every speed profile.

Arrays are indexed by path l of L, profile k of K, lead m of M, hypothesis h of H and instant t of T.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from drive_stack.types import FloatArray


class PathArrays(NamedTuple):
    """Quintics over the station of the rear axle."""

    coefficients: FloatArray  # (L, 6), lowest power first
    length: FloatArray  # (L,) beyond which a path keeps its target [m]


class ProfileArrays(NamedTuple):
    """Motions along the lane, and the road under them."""

    station: FloatArray  # (K, T) of the rear axle [m]
    speed: FloatArray  # (K, T) [m/s]
    acceleration: FloatArray  # (K, T) [m/s²]
    emergency: NDArray[np.bool_]  # (K,)
    road_curvature: FloatArray  # (K, T) [1/m]
    allowed: FloatArray  # (K, T) speed that the road allows [m/s]


class LeadArrays(NamedTuple):
    """Speeds that leads allow, and where they block a path."""

    allowed: FloatArray  # (M, K, T) [m/s]
    blocked: NDArray[np.bool_]  # (M, L, T) whether the lead is in the path at their meeting


class FutureArrays(NamedTuple):
    """Hypotheses of actors that the ego may come alongside."""

    station: FloatArray  # (H, T) of the centres [m]
    lateral: FloatArray  # (H, T) [m]
    length: FloatArray  # (H,) distance of the centres below which the bodies overlap along the lane [m]
    width: FloatArray  # (H,) distance of the centres at which the bodies touch sideways [m]
    desired: FloatArray  # (H,) lateral clearance [m]
    margin: FloatArray  # (H,) lateral clearance below which the candidate collides [m]
    probability: FloatArray  # (H,)


class Bounds(NamedTuple):
    """Scalars of one step."""

    goal: float  # lateral of the target lane's centre [m]
    centre: float  # of the body, ahead of the rear axle [m]
    left: float  # greatest lateral of the usable road [m]
    right: float  # least lateral of the usable road [m]
    max_lateral_acceleration: float  # of a comfortable candidate [m/s²]
    grip: float  # largest acceleration that the tyres transmit [m/s²]


class Weights(NamedTuple):
    """Weights of the cost terms that depend on path and profile together."""

    overspeed: float
    lateral_acceleration: float
    lateral_error: float
    clearance: float
    collision: float


START_TOLERANCE = 0.05  # by which a path may leave the road farther than at its start [m]
OVERSHOOT = 0.3  # beyond the edge at the end of a lateral motion [m]


@njit(cache=True, error_model="numpy")
def candidate_costs(  # type: ignore[no-untyped-def]
    paths, profiles, leads, futures, bounds, weights
):
    """Cost (L, K) of each path with each profile, without the terms of the path or the profile alone.

    It is inf for a candidate that leaves the road, steers too hard or exceeds the grip.
    """
    count, kinds = len(paths.length), len(profiles.emergency)
    costs = np.empty((count, kinds))
    for path in range(count):
        for profile in range(kinds):
            costs[path, profile] = _cost(path, profile, paths, profiles, leads, futures, bounds, weights)
    return costs


@njit(cache=True, error_model="numpy")
def _cost(  # type: ignore[no-untyped-def]
    path, profile, paths, profiles, leads, futures, bounds, weights
):
    c, length = paths.coefficients[path], paths.length[path]
    instants = profiles.station.shape[1]
    body = np.empty(instants)  # lateral of the body's centre [m]
    overspeed = steering = error = 0.0
    left = right = comfortable = gripping = 0.0  # limits, which depend on the start
    for t in range(instants):
        s, v = profiles.station[profile, t], profiles.speed[profile, t]
        at = min(s, length)
        lateral = c[0] + at * (c[1] + at * (c[2] + at * (c[3] + at * (c[4] + at * c[5]))))
        slope = bend = 0.0
        if s < length:
            slope = c[1] + at * (2.0 * c[2] + at * (3.0 * c[3] + at * (4.0 * c[4] + at * 5.0 * c[5])))
            bend = 2.0 * c[2] + at * (6.0 * c[3] + at * (12.0 * c[4] + at * 20.0 * c[5]))
        road = profiles.road_curvature[profile, t]
        curvature = _curvature(road, lateral, slope, bend)
        lateral_acceleration = v * v * curvature
        demand = lateral_acceleration**2 + profiles.acceleration[profile, t] ** 2
        if t == 0:
            left = max(bounds.left, lateral + START_TOLERANCE) + OVERSHOOT
            right = min(bounds.right, lateral - START_TOLERANCE) - OVERSHOOT
            comfortable = max(bounds.max_lateral_acceleration, abs(lateral_acceleration) + 0.1)
            gripping = max(bounds.grip**2, demand)
        if lateral > left or lateral < right or demand > gripping:
            return np.inf
        if abs(lateral_acceleration) > comfortable and not profiles.emergency[profile]:
            return np.inf
        allowed = profiles.allowed[profile, t]
        for lead in range(len(leads.allowed)):
            if leads.blocked[lead, path, t]:
                allowed = min(allowed, leads.allowed[lead, profile, t])
        overspeed += max(v - allowed, 0.0) ** 2
        steering += (v * v * (curvature - road)) ** 2
        error += (lateral - bounds.goal) ** 2
        body[t] = lateral + bounds.centre * slope
    clearance, collision = _interaction(profile, body, profiles, futures, bounds.centre)
    return (
        weights.overspeed * overspeed / instants
        + weights.lateral_acceleration * steering / instants
        + weights.lateral_error * error / instants
        + weights.clearance * clearance
        + weights.collision * collision
    )


@njit(cache=True, error_model="numpy")
def _curvature(road, lateral, slope, bend):  # type: ignore[no-untyped-def]
    """See `paths.path_curvature`; here with cos and tan of the angle atan(slope / scale)."""
    scale = max(1.0 - road * lateral, 0.2)
    squared = scale * scale
    cos_squared = squared / (squared + slope * slope)
    bent = (bend + road * slope * slope / scale) * cos_squared / scale
    return (bent + road) * math.sqrt(cos_squared) / scale


@njit(cache=True, error_model="numpy")
def _interaction(profile, body, profiles, futures, centre):  # type: ignore[no-untyped-def]
    """Clearance cost and collision severity of one candidate with all hypotheses.

    Earlier and faster collisions are more severe; probable ones count far more than improbable ones.
    """
    instants = len(body)
    clearance = collision = 0.0
    for h in range(len(futures.probability)):
        shortfall = severity = 0.0
        for t in range(instants):
            if abs(futures.station[h, t] - profiles.station[profile, t] - centre) >= futures.length[h]:
                continue
            gap = abs(futures.lateral[h, t] - body[t]) - futures.width[h]
            shortfall += max(futures.desired[h] - gap, 0.0) ** 2
            if gap < futures.margin[h]:
                soon = 1.0 - 0.6 * t / (instants - 1)
                severity = max(severity, soon * (0.3 + profiles.speed[profile, t] / 20.0))
        probability = futures.probability[h]
        clearance += shortfall / instants * probability
        collision += severity * probability**3
    return clearance, collision
