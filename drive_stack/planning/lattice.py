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
    LeadMotions,
    PathArrays,
    ProfileArrays,
    Weights,
    candidate_costs,
    lead_limits,
)
from drive_stack.planning.leads import Lead
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
MANOEUVRING_SPEED = 3.0  # below it the ego may turn back through an adjacent lane [m/s]


@dataclass(frozen=True, slots=True)
class CandidateCosts:
    """Costs of the candidates, among them the best one of each path."""

    cost: FloatArray  # (L, K), inf where a candidate must not be driven or is not the best of its path

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
    path_arrays = PathArrays(np.ascontiguousarray(paths.coefficients), paths.length)
    profile_arrays = _profile_arrays(profiles, scene, directive)
    allowed, blocked = lead_limits(
        _lead_motions(directive.leads, scene.ego_half_width),
        path_arrays,
        profile_arrays.station,
        times,
        scene.ego_front,
        not settings.plan_is_executed,
    )
    profile_costs = _profile_cost(profiles, settings)
    cost = candidate_costs(
        path_arrays,
        profile_arrays,
        LeadArrays(allowed, blocked),
        _future_arrays(profiles, scene),
        _bounds(scene, directive, paths, float(profiles.speed[0, 0]), settings, grip),
        Weights(
            overspeed=weights.overspeed,
            lateral_acceleration=weights.lateral_acceleration,
            lateral_error=weights.lateral_error,
            clearance=weights.clearance,
            collision=weights.collision,
        ),
        _path_cost(paths, float(profiles.speed[0, 0]), directive, settings),
        profile_costs,
        np.argsort(profile_costs, kind="stable"),
    )
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


def _lead_motions(leads: tuple[Lead, ...], ego_half_width: float) -> LeadMotions:
    rows = [
        (
            lead.rear,
            lead.speed,
            lead.lateral,
            lead.half_width + ego_half_width,
            lead.gap,
            lead.braking,
            lead.time_gap,
        )
        for lead in leads
    ]
    return LeadMotions(*np.array(rows, dtype=np.float64).reshape(-1, 7).T.copy())


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
    slope = paths.slope(at)
    target_offset = np.abs(paths.target - directive.goal)
    return np.asarray(
        weights.target_offset * np.minimum(target_offset, 2.0) ** 2
        + weights.lateral_speed * ((slope * speed) ** 2).mean(axis=1)
    )


def _bounds(
    scene: Scene, directive: Directive, paths: Paths, speed: float, settings: PlannerSettings, grip: float
) -> Bounds:
    """Limits of candidates. They leave the ego lane only towards the selected lane.

    A car that stopped obliquely, in a lane change that it gave up, has to go farther out before it is back.
    """
    lanes, shift = scene.lanes, directive.decision.shift
    clearance = lanes.width / 2.0 - scene.ego_half_width - ROAD_MARGIN
    left = clearance + (lanes.left.width if shift > 0 else 0.0)
    right = -clearance - (lanes.right.width if shift < 0 else 0.0)
    if speed < MANOEUVRING_SPEED:
        farthest_left, farthest_right = _way_back(paths, directive.goal)
        left = max(left, farthest_left) if lanes.left.exists else left
        right = min(right, farthest_right) if lanes.right.exists else right
    return Bounds(
        goal=directive.goal,
        centre=_centre_station(scene),
        left=left,
        right=right,
        max_lateral_acceleration=settings.comfort.max_lateral_acceleration,
        grip=GRIP_TOLERANCE * grip,
    )


def _way_back(paths: Paths, goal: float) -> tuple[float, float]:
    """Greatest and least lateral of the shortest path to the goal [m]."""
    candidates = np.flatnonzero(paths.target == goal)
    shortest = paths.select([int(candidates[np.argmin(paths.length[candidates])])])
    laterals = shortest.offset(np.linspace(0.0, float(shortest.length[0]), 15)[None])
    return float(laterals.max()), float(laterals.min())


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
