"""The compiled inner loop of the lattice: the cost of every path with every speed profile.

Arrays are indexed by path l of L, profile k of K, lead m of M, hypothesis h of H and instant t of T.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drive_stack.support.kernels import kernel
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


class LeadMotions(NamedTuple):
    """Leads that move along the lane at constant speed; see `drive_stack.planning.leads.Lead`."""

    rear: FloatArray  # (M,) station of the rear end now [m]
    speed: FloatArray  # (M,) [m/s]
    lateral: FloatArray  # (M,) [m]
    half_width: FloatArray  # (M,) distance of the centres at which the ego is clear of the lead [m]
    gap: FloatArray  # (M,) distance after a stop [m]
    braking: FloatArray  # (M,) planned [m/s²]
    time_gap: FloatArray  # (M,) [s]


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


@kernel(error_model="numpy")
def lead_limits(  # type: ignore[no-untyped-def]
    leads, paths, station, times, ego_front, at_start_too
):
    """The speeds (M, K, T) that leads allow, and where they block a path (M, L, T).

    A lead does not limit a path that is clear of it at the point of the meeting. With ``at_start_too``, the
    start of the path must be clear of the lead as well. The speeds are those of
    `drive_stack.planning.following.safe_speed`, and inf for a lead that blocks no path.

    Args:
        leads: M of them.
        paths: L of them.
        station: (K, T) of the rear axle [m].
        times: (T,) from now [s].
        ego_front: distance of the front bumper ahead of the rear axle [m].
        at_start_too: whether a path is also blocked that starts next to the lead.
    """
    count, kinds, instants = len(leads.rear), station.shape[0], len(times)
    allowed = np.full((count, kinds, instants), np.inf)
    blocked = np.zeros((count, len(paths.length), instants), dtype=np.bool_)
    for lead in range(count):
        rear, speed, braking = leads.rear[lead], leads.speed[lead], leads.braking[lead]
        blocks = False
        for path in range(len(paths.length)):
            c, length = paths.coefficients[path], paths.length[path]
            always = at_start_too and abs(c[0] - leads.lateral[lead]) < leads.half_width[lead]
            for t in range(instants):
                at = min(max(rear + speed * times[t] - ego_front - 1.0, 0.0), length)
                lateral = c[0] + at * (c[1] + at * (c[2] + at * (c[3] + at * (c[4] + at * c[5]))))
                if always or abs(lateral - leads.lateral[lead]) < leads.half_width[lead]:
                    blocked[lead, path, t] = blocks = True
        if not blocks:
            continue
        reaction = braking * leads.time_gap[lead]
        for profile in range(kinds):
            for t in range(instants):
                front = station[profile, t] + ego_front
                clearance = max(rear + speed * times[t] - front - leads.gap[lead], 0.0)
                root = math.sqrt(reaction**2 + speed**2 + 2.0 * braking * clearance)
                allowed[lead, profile, t] = max(root - reaction, 0.0)
    return allowed, blocked


@kernel(error_model="numpy")
def candidate_costs(  # type: ignore[no-untyped-def]
    paths, profiles, leads, futures, bounds, weights, path_costs, profile_costs, order
):
    """Cost (L, K) of each path with each profile.

    It is inf for a candidate that leaves the road, steers too hard or exceeds the grip, and for one that
    cannot be the best of its path: ``path_costs`` (L,) and ``profile_costs`` (K,) are the terms of the path
    and the profile alone, and the other terms are not negative. So the profiles are tried in their ``order``
    (K,), cheapest first, until the next one alone costs more than the best candidate.
    """
    count, kinds = len(paths.length), len(profiles.emergency)
    costs = np.full((count, kinds), np.inf)
    motion = np.empty((3, profiles.station.shape[1]))
    for path in range(count):
        lowest = np.inf
        for profile in order:
            if profile_costs[profile] + path_costs[path] > lowest:
                break
            _move(path, profile, paths, profiles, bounds.centre, motion)
            cost = _cost(path, profile, motion, profiles, leads, futures, bounds, weights)
            cost = cost + profile_costs[profile] + path_costs[path]
            costs[path, profile], lowest = cost, min(lowest, cost)
    return costs


@kernel(error_model="numpy")
def _move(path, profile, paths, profiles, centre, motion):  # type: ignore[no-untyped-def]
    """Fill ``motion`` (3, T) of a candidate: laterals of rear axle and body's centre [m], curvature [1/m].

    The loop has neither branches nor sums, so that the compiler can treat several instants at a time.
    """
    c, length = paths.coefficients[path], paths.length[path]
    for t in range(motion.shape[1]):
        s, road = profiles.station[profile, t], profiles.road_curvature[profile, t]
        at, moves = min(s, length), s < length
        lateral = c[0] + at * (c[1] + at * (c[2] + at * (c[3] + at * (c[4] + at * c[5]))))
        slope = c[1] + at * (2.0 * c[2] + at * (3.0 * c[3] + at * (4.0 * c[4] + at * 5.0 * c[5])))
        bend = 2.0 * c[2] + at * (6.0 * c[3] + at * (12.0 * c[4] + at * 20.0 * c[5]))
        slope, bend = slope if moves else 0.0, bend if moves else 0.0
        motion[0, t] = lateral
        motion[1, t] = lateral + centre * slope
        motion[2, t] = _curvature(road, lateral, slope, bend)


@kernel(error_model="numpy")
def _cost(  # type: ignore[no-untyped-def]
    path, profile, motion, profiles, leads, futures, bounds, weights
):
    """Cost of one candidate with its ``motion`` from `_move`; inf where it must not be driven."""
    instants = motion.shape[1]
    overspeed = steering = error = 0.0
    left = right = comfortable = gripping = 0.0  # limits, which depend on the start
    for t in range(instants):
        v, lateral, curvature = profiles.speed[profile, t], motion[0, t], motion[2, t]
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
        steering += (v * v * (curvature - profiles.road_curvature[profile, t])) ** 2
        error += (lateral - bounds.goal) ** 2
    clearance, collision = _interaction(profile, motion[1], profiles, futures, bounds.centre)
    return (
        weights.overspeed * overspeed / instants
        + weights.lateral_acceleration * steering / instants
        + weights.lateral_error * error / instants
        + weights.clearance * clearance
        + weights.collision * collision
    )


@kernel(error_model="numpy")
def _curvature(road, lateral, slope, bend):  # type: ignore[no-untyped-def]
    """See `paths.path_curvature`; here with cos and tan of the angle atan(slope / scale)."""
    scale = max(1.0 - road * lateral, 0.2)
    squared = scale * scale
    cos_squared = squared / (squared + slope * slope)
    bent = (bend + road * slope * slope / scale) * cos_squared / scale
    return (bent + road) * math.sqrt(cos_squared) / scale


@kernel(error_model="numpy")
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
