"""The Frenet lattice: the costs of every path with every speed profile.

Arrays are ``(L, K, T)``: L lateral paths, K longitudinal profiles, T instants.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.planning.directive import Directive
from drive_stack.planning.lattice_kernel import (
    Bounds,
    FutureArrays,
    LeadArrays,
    PathArrays,
    ProfileArrays,
    Weights,
    candidate_costs,
)
from drive_stack.planning.paths import Paths
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
    weights = settings.cost
    cost = candidate_costs(
        PathArrays(np.ascontiguousarray(paths.coefficients), paths.length),
        _profile_arrays(profiles, scene, directive),
        _lead_arrays(paths, profiles, times, scene, directive, plan_is_executed=settings.plan_is_executed),
        _future_arrays(profiles, scene),
        _bounds(scene, directive, settings, grip),
        Weights(
            overspeed=weights.overspeed,
            lateral_acceleration=weights.lateral_acceleration,
            lateral_error=weights.lateral_error,
            clearance=weights.clearance,
            collision=weights.collision,
        ),
    )
    cost += _profile_cost(profiles, settings)
    cost += _path_cost(paths, float(profiles.speed[0, 0]), directive, settings)[:, None]
    return CandidateCosts(cost)


def _profile_arrays(profiles: Profiles, scene: Scene, directive: Directive) -> ProfileArrays:
    return ProfileArrays(
        station=np.ascontiguousarray(profiles.station),
        speed=np.ascontiguousarray(profiles.speed),
        acceleration=np.ascontiguousarray(profiles.acceleration),
        emergency=profiles.emergency,
        road_curvature=scene.line.curvature_at(profiles.station),
        allowed=directive.caps.at(profiles.station),
    )


def _lead_arrays(
    paths: Paths,
    profiles: Profiles,
    times: FloatArray,
    scene: Scene,
    directive: Directive,
    *,
    plan_is_executed: bool,
) -> LeadArrays:
    """Speeds that the leads allow, and the paths that they block.

    A lead does not limit a path that is clear of it at the point of the meeting. Without ``plan_is_executed``
    the present position of the car must be clear of the lead as well.
    """
    leads, count = directive.leads, len(paths.target)
    allowed = np.empty((len(leads), *profiles.station.shape))
    blocked = np.empty((len(leads), count, len(times)), dtype=np.bool_)
    front = profiles.station + scene.ego_front
    for index, lead in enumerate(leads):
        allowed[index] = lead.allowed(front, times)
        meets = np.maximum(lead.rear + lead.speed * times - scene.ego_front - 1.0, 0.0)
        lateral = paths.offset(np.broadcast_to(meets, (count, len(times))))
        half_width = lead.half_width + scene.ego_half_width
        blocked[index] = np.abs(lateral - lead.lateral) < half_width
        if not plan_is_executed:
            start = paths.offset(np.zeros((count, 1)))
            blocked[index] |= np.abs(start - lead.lateral) < half_width
    return LeadArrays(allowed, blocked)


def _centre_station(scene: Scene) -> float:
    """Distance of the body's centre ahead of the rear axle [m]."""
    return (scene.ego_front - scene.ego_rear) / 2.0


def _profile_cost(profiles: Profiles, settings: PlannerSettings) -> FloatArray:
    """Cost (K,) of acceleration and jerk, and a linear reward for progress.

    The reward is independent of the allowed speed. A higher speed allowed farther ahead therefore never makes
    waiting cheaper.
    """
    weights = settings.cost
    cost = (
        weights.acceleration * (profiles.acceleration**2).mean(axis=1)
        + weights.jerk * (profiles.jerk**2).mean(axis=1)
        + weights.emergency * profiles.emergency
        - weights.progress * profiles.speed.mean(axis=1)
    )
    return np.asarray(cost, dtype=np.float64)


def _path_cost(paths: Paths, speed: float, directive: Directive, settings: PlannerSettings) -> FloatArray:
    weights = settings.cost
    at = np.linspace(0.0, 1.0, 9)[None, :] * paths.length[:, None]
    _, slope, _ = paths.lateral(at)
    target_offset = np.abs(paths.target - directive.goal)
    return np.asarray(
        weights.target_offset * np.minimum(target_offset, 2.0) ** 2
        + weights.lateral_speed * ((slope * speed) ** 2).mean(axis=1)
    )


def _bounds(scene: Scene, directive: Directive, settings: PlannerSettings, grip: float) -> Bounds:
    """Limits of candidates. They leave the ego lane only towards the selected lane."""
    lanes, shift = scene.lanes, directive.decision.shift
    clearance = lanes.width / 2.0 - scene.ego_half_width - ROAD_MARGIN
    return Bounds(
        goal=directive.goal,
        centre=_centre_station(scene),
        left=clearance + (lanes.left.width if shift > 0 else 0.0),
        right=-clearance - (lanes.right.width if shift < 0 else 0.0),
        max_lateral_acceleration=settings.comfort.max_lateral_acceleration,
        grip=GRIP_TOLERANCE * grip,
    )


def _future_arrays(profiles: Profiles, scene: Scene) -> FutureArrays:
    """The hypotheses of actors that a profile comes alongside.

    Actors behind the ego at the start are left out. They have to keep their distance, and a change into their
    lane was blocked before if they could not.
    """
    futures = scene.futures
    behind = futures.station[:, 0] + futures.half_length < -scene.ego_rear
    length = futures.half_length + (scene.ego_front + scene.ego_rear) / 2.0 + LENGTH_MARGIN
    farthest = profiles.station.max(axis=0) + _centre_station(scene)
    nearest = profiles.station.min(axis=0) + _centre_station(scene)
    met = (futures.station < farthest + length[:, None]) & (futures.station > nearest - length[:, None])
    rows = np.flatnonzero(met.any(axis=1) & ~behind)
    pedestrian = futures.pedestrian[rows]
    return FutureArrays(
        station=futures.station[rows],
        lateral=futures.lateral[rows],
        length=length[rows],
        width=futures.half_width[rows] + scene.ego_half_width,
        desired=np.where(pedestrian, PEDESTRIAN_CLEARANCE, VEHICLE_CLEARANCE),
        margin=np.where(pedestrian, PEDESTRIAN_MARGIN, VEHICLE_MARGIN),
        probability=futures.probability[rows],
    )
