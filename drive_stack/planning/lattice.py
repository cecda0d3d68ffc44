"""The Frenet lattice: the costs of every path with every speed profile.

Arrays are ``(L, K, T)``: L lateral paths, K longitudinal profiles, T instants.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.planning.directive import Directive
from drive_stack.planning.paths import Paths, path_curvature
from drive_stack.planning.profiles import Profiles
from drive_stack.planning.scene import Scene
from drive_stack.planning.settings import PlannerSettings
from drive_stack.types import FloatArray

LENGTH_MARGIN = 1.0  # longitudinal distance to other actors [m]
VEHICLE_MARGIN, PEDESTRIAN_MARGIN = 0.2, 0.5  # minimum lateral distance to vehicles and pedestrians [m]
VEHICLE_CLEARANCE, PEDESTRIAN_CLEARANCE = 0.9, 1.6  # desired lateral distance to them [m]
GRIP_TOLERANCE = 1.05  # factor on the friction circle: the present curvature and yaw rate are estimates
ROAD_MARGIN = 0.1  # to the edge of the usable road [m]


@dataclass(frozen=True, slots=True)
class CandidateCosts:
    """Costs of all candidates; inf where a candidate must not be driven."""

    cost: FloatArray  # (L, K)

    def best(self) -> tuple[int, int] | None:
        """Indices of the path and the profile of minimum cost; None where no candidate may be driven."""
        if not np.isfinite(self.cost).any():
            return None
        path, profile = np.unravel_index(int(np.argmin(self.cost)), self.cost.shape)
        return int(path), int(profile)


def evaluate_candidates(
    paths: Paths,
    profiles: Profiles,
    times: FloatArray,
    scene: Scene,
    directive: Directive,
    settings: PlannerSettings,
    grip: float,
) -> CandidateCosts:
    """Cost of comfort, progress, clearance and collision for each path with each profile.

    Candidates that require more of the tyres than ``grip`` [m/s²] must not be driven.
    """
    shape = (len(paths.target), *profiles.station.shape)
    station = np.broadcast_to(profiles.station, shape)
    lateral, slope, bend = paths.lateral(station)
    road = scene.line.curvature_at(profiles.station)[None]
    kappa = path_curvature(road, lateral, slope, bend)
    lateral_acceleration = profiles.speed**2 * kappa
    steering_acceleration = profiles.speed**2 * (kappa - road)  # in addition to the curvature of the road
    allowed = allowed_speed(
        paths, profiles, times, scene, directive, plan_is_executed=settings.plan_is_executed
    )
    clearance_cost, collision_cost = _interaction_costs(
        lateral + _centre_station(scene) * slope, profiles, scene
    )
    weights = settings.cost
    cost = (
        _speed_cost(profiles, allowed, settings)
        + _comfort_cost(profiles, steering_acceleration, settings)
        + _path_cost(paths, float(profiles.speed[0, 0]), directive, settings)[:, None]
        + weights.lateral_error * ((lateral - directive.goal) ** 2).mean(axis=2)
        + weights.clearance * clearance_cost
        + weights.collision * collision_cost
    )
    drivable = _is_on_road(lateral, scene, directive) & _is_steerable(
        lateral_acceleration, profiles, settings
    )
    drivable &= _is_within_grip(lateral_acceleration, profiles, grip)
    return CandidateCosts(np.where(drivable, cost, np.inf))


def allowed_speed(
    paths: Paths,
    profiles: Profiles,
    times: FloatArray,
    scene: Scene,
    directive: Directive,
    *,
    plan_is_executed: bool = True,
) -> FloatArray:
    """Speed ``(L, K, T)`` that caps and leads allow at each instant.

    A lead does not limit a path that is clear of it at the point of the meeting. Without ``plan_is_executed``
    the present position of the car must be clear of the lead as well.
    """
    shape = (len(paths.target), *profiles.station.shape)
    road = directive.caps.at(profiles.station)
    allowed = np.broadcast_to(road, shape).copy()
    front = profiles.station + scene.ego_front
    for lead in directive.leads:
        limit = lead.allowed(front, times)
        if bool(np.all(limit >= road)):
            continue
        meets = np.maximum(lead.rear + lead.speed * times - scene.ego_front - 1.0, 0.0)
        lateral = paths.offset(np.broadcast_to(meets, (shape[0], len(times))))
        in_path = np.abs(lateral - lead.lateral) < lead.half_width + scene.ego_half_width
        if not plan_is_executed:
            start = paths.offset(np.zeros((shape[0], 1)))
            in_path |= np.abs(start - lead.lateral) < lead.half_width + scene.ego_half_width
        allowed = np.minimum(allowed, np.where(in_path[:, None, :], limit, np.inf))
    return np.asarray(allowed, dtype=np.float64)


def _centre_station(scene: Scene) -> float:
    """Distance of the body's centre ahead of the rear axle [m]."""
    return (scene.ego_front - scene.ego_rear) / 2.0


def _speed_cost(profiles: Profiles, allowed: FloatArray, settings: PlannerSettings) -> FloatArray:
    """Quadratic cost above the allowed speed, and a linear reward for progress.

    The reward is independent of the allowed speed. A higher speed allowed farther ahead therefore never makes
    waiting cheaper.
    """
    excess = np.maximum(profiles.speed - allowed, 0.0)
    weights = settings.cost
    cost = weights.overspeed * (excess**2).mean(axis=2) - weights.progress * profiles.speed.mean(axis=1)
    return np.asarray(cost, dtype=np.float64)


def _comfort_cost(
    profiles: Profiles, steering_acceleration: FloatArray, settings: PlannerSettings
) -> FloatArray:
    weights = settings.cost
    longitudinal = weights.acceleration * (profiles.acceleration**2).mean(axis=1)
    longitudinal = (
        longitudinal + weights.jerk * (profiles.jerk**2).mean(axis=1) + weights.emergency * profiles.emergency
    )
    lateral = weights.lateral_acceleration * (steering_acceleration**2).mean(axis=2)
    return np.asarray(longitudinal[None, :] + lateral, dtype=np.float64)


def _path_cost(paths: Paths, speed: float, directive: Directive, settings: PlannerSettings) -> FloatArray:
    weights = settings.cost
    at = np.linspace(0.0, 1.0, 9)[None, :] * paths.length[:, None]
    _, slope, _ = paths.lateral(at)
    target_offset = np.abs(paths.target - directive.goal)
    return np.asarray(
        weights.target_offset * np.minimum(target_offset, 2.0) ** 2
        + weights.lateral_speed * ((slope * speed) ** 2).mean(axis=1)
    )


def _is_on_road(lateral: FloatArray, scene: Scene, directive: Directive) -> NDArray[np.bool_]:
    """Candidates that leave the ego lane only towards the selected lane, apart from a start outside it."""
    lanes, shift = scene.lanes, directive.decision.shift
    clearance = lanes.width / 2.0 - scene.ego_half_width - ROAD_MARGIN
    left = clearance + (lanes.left.width if shift > 0 else 0.0)
    right = -clearance - (lanes.right.width if shift < 0 else 0.0)
    start = lateral[..., :1]
    left_limit, right_limit = np.maximum(left, start + 0.05), np.minimum(right, start - 0.05)
    # the end of a lateral motion may overshoot a little
    return np.asarray(((lateral <= left_limit + 0.3) & (lateral >= right_limit - 0.3)).all(axis=2))


def _is_steerable(
    lateral_acceleration: FloatArray, profiles: Profiles, settings: PlannerSettings
) -> NDArray[np.bool_]:
    bound = settings.comfort.max_lateral_acceleration
    start = np.abs(lateral_acceleration[..., :1])
    return np.asarray(
        (np.abs(lateral_acceleration) <= np.maximum(bound, start + 0.1)).all(axis=2) | profiles.emergency
    )


def _is_within_grip(lateral_acceleration: FloatArray, profiles: Profiles, grip: float) -> NDArray[np.bool_]:
    """Candidates ``(L, K)`` that stay in the friction circle, or exceed it no more than at the start."""
    demanded = np.hypot(lateral_acceleration, profiles.acceleration)
    return np.asarray((demanded <= np.maximum(GRIP_TOLERANCE * grip, demanded[..., :1])).all(axis=2))


def _interaction_costs(centre: FloatArray, profiles: Profiles, scene: Scene) -> tuple[FloatArray, FloatArray]:
    """Clearance cost and collision severity, each ``(L, K)``.

    Actors behind the ego at the start are left out. They have to keep their distance, and a change into their
    lane was blocked before if they could not.
    """
    futures = scene.futures
    nothing = np.zeros(centre.shape[:2])
    behind = futures.station[:, 0] + futures.half_length < -scene.ego_rear
    longitudinal = np.abs(
        futures.station[None] - (profiles.station + _centre_station(scene))[:, None]
    )  # (K, H, T)
    length = futures.half_length + (scene.ego_front + scene.ego_rear) / 2.0 + LENGTH_MARGIN
    alongside = longitudinal < length[None, :, None]
    rows = np.flatnonzero(alongside.any(axis=(0, 2)) & ~behind)
    if len(rows) == 0:
        return nothing, nothing
    alongside = alongside[:, rows]
    gap = np.abs(futures.lateral[rows][None, None] - centre[:, :, None]) - (
        futures.half_width[rows, None] + scene.ego_half_width
    )
    pedestrian = futures.pedestrian[rows, None]
    probability = futures.probability[rows]
    desired = np.where(pedestrian, PEDESTRIAN_CLEARANCE, VEHICLE_CLEARANCE)
    shortfall = np.where(alongside[None], np.maximum(desired - gap, 0.0), 0.0)
    clearance_cost = ((shortfall**2).mean(axis=3) * probability).sum(axis=2)
    collides_now = alongside[None] & (gap < np.where(pedestrian, PEDESTRIAN_MARGIN, VEHICLE_MARGIN))
    # earlier and faster collisions are more severe; probable ones count far more than improbable ones
    soon = np.linspace(1.0, 0.4, centre.shape[2])
    severity = soon * (0.3 + profiles.speed / 20.0)
    max_severity = np.where(collides_now, severity[None, :, None, :], 0.0).max(axis=3)
    return clearance_cost, (max_severity * probability**3).sum(axis=2)
