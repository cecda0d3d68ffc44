"""The Frenet lattice: every path with every speed profile, judged together.

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

LENGTH_MARGIN = 1.0  # kept free before and behind other things [m]
SIDE_MARGIN, PERSON_MARGIN = 0.2, 0.5  # kept free beside vehicles and people [m]
SIDE_WISH, PERSON_WISH = 0.9, 1.6  # liked free beside them [m]
GRIP_TOLERANCE = 1.05  # of the friction circle: the present curvature and yaw rate are estimates
ROAD_MARGIN = 0.1  # to the edge of the usable road [m]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Cost of every candidate; inf where it must not be driven."""

    cost: FloatArray  # (L, K)
    collides: FloatArray  # (L, K) probability-weighted share of the cost that is collision
    allowed: FloatArray  # (L, K, T) speed [m/s]

    def best(self) -> tuple[int, int] | None:
        """Path and profile of least cost; None where no candidate may be driven."""
        if not np.isfinite(self.cost).any():
            return None
        path, profile = np.unravel_index(int(np.argmin(self.cost)), self.cost.shape)
        return int(path), int(profile)


def judge(
    paths: Paths,
    profiles: Profiles,
    times: FloatArray,
    scene: Scene,
    directive: Directive,
    settings: PlannerSettings,
    grip: float,
) -> Judgement:
    """Cost of comfort, progress, clearance and collision for each path with each profile.

    Candidates that ask more of the tyres than ``grip`` [m/s²] must not be driven.
    """
    shape = (len(paths.target), *profiles.station.shape)
    station = np.broadcast_to(profiles.station, shape)
    lateral, slope, bend = paths.lateral(station)
    road = scene.line.curvature_at(profiles.station)[None]
    kappa = path_curvature(road, lateral, slope, bend)
    sideways = profiles.speed**2 * kappa
    steered = profiles.speed**2 * (kappa - road)  # beyond what the road itself asks
    allowed = allowed_speed(paths, profiles, times, scene, directive, followed=settings.followed)
    clear, hit = _against_others(lateral + _ahead(scene) * slope, profiles, scene)
    weights = settings.cost
    cost = (
        _speed_cost(profiles, allowed, settings)
        + _comfort_cost(profiles, steered, settings)
        + _path_cost(paths, float(profiles.speed[0, 0]), directive, settings)[:, None]
        + weights.lateral_error * ((lateral - directive.goal) ** 2).mean(axis=2)
        + weights.clearance * clear
        + weights.collision * hit
    )
    drivable = _on_road(lateral, scene, directive) & _steerable(sideways, profiles, settings)
    drivable &= _within_grip(sideways, profiles, grip)
    return Judgement(np.where(drivable, cost, np.inf), hit, allowed)


def allowed_speed(
    paths: Paths,
    profiles: Profiles,
    times: FloatArray,
    scene: Scene,
    directive: Directive,
    *,
    followed: bool = True,
) -> FloatArray:
    """Speed ``(L, K, T)`` that caps and leads allow at each instant.

    A path that is clear of a lead where it would meet it is not held up by it; where paths are not
    ``followed`` the car itself must be clear of it too.
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
        in_way = np.abs(lateral - lead.lateral) < lead.half_width + scene.ego_half_width
        if not followed:
            start = paths.offset(np.zeros((shape[0], 1)))
            in_way |= np.abs(start - lead.lateral) < lead.half_width + scene.ego_half_width
        allowed = np.minimum(allowed, np.where(in_way[:, None, :], limit, np.inf))
    return np.asarray(allowed, dtype=np.float64)


def _ahead(scene: Scene) -> float:
    """Station of the body's centre ahead of the rear axle [m]."""
    return (scene.ego_front - scene.ego_rear) / 2.0


def _speed_cost(profiles: Profiles, allowed: FloatArray, settings: PlannerSettings) -> FloatArray:
    """Above what is allowed it grows with the square; progress is worth the same at any speed, so
    that a speed allowed farther on never makes waiting look better."""
    over = np.maximum(profiles.speed - allowed, 0.0)
    weights = settings.cost
    cost = weights.too_fast * (over**2).mean(axis=2) - weights.progress * profiles.speed.mean(axis=1)
    return np.asarray(cost, dtype=np.float64)


def _comfort_cost(profiles: Profiles, steered: FloatArray, settings: PlannerSettings) -> FloatArray:
    weights = settings.cost
    along = weights.acceleration * (profiles.acceleration**2).mean(axis=1)
    along = along + weights.jerk * (profiles.jerk**2).mean(axis=1) + weights.emergency * profiles.emergency
    across = weights.lateral_acceleration * (steered**2).mean(axis=2)
    return np.asarray(along[None, :] + across, dtype=np.float64)


def _path_cost(paths: Paths, speed: float, directive: Directive, settings: PlannerSettings) -> FloatArray:
    weights = settings.cost
    at = np.linspace(0.0, 1.0, 9)[None, :] * paths.length[:, None]
    _, slope, _ = paths.lateral(at)
    off_goal = np.abs(paths.target - directive.goal)
    return np.asarray(
        weights.off_goal * np.minimum(off_goal, 2.0) ** 2
        + weights.lateral_speed * ((slope * speed) ** 2).mean(axis=1)
    )


def _on_road(lateral: FloatArray, scene: Scene, directive: Directive) -> NDArray[np.bool_]:
    """Candidates that leave the ego's lane only towards the lane decided on. A start beyond is forgiven."""
    lanes, shift = scene.lanes, directive.decision.shift
    room = lanes.width / 2.0 - scene.ego_half_width - ROAD_MARGIN
    left = room + (lanes.left.width if shift > 0 else 0.0)
    right = -room - (lanes.right.width if shift < 0 else 0.0)
    start = lateral[..., :1]
    left_limit, right_limit = np.maximum(left, start + 0.05), np.minimum(right, start - 0.05)
    # settling back from a move under way may swing a little wider
    return np.asarray(((lateral <= left_limit + 0.3) & (lateral >= right_limit - 0.3)).all(axis=2))


def _steerable(sideways: FloatArray, profiles: Profiles, settings: PlannerSettings) -> NDArray[np.bool_]:
    bound = settings.comfort.max_lateral_acceleration
    start = np.abs(sideways[..., :1])
    return np.asarray((np.abs(sideways) <= np.maximum(bound, start + 0.1)).all(axis=2) | profiles.emergency)


def _within_grip(sideways: FloatArray, profiles: Profiles, grip: float) -> NDArray[np.bool_]:
    """Which stay in the friction circle, or at least leave it no farther than at the start; ``(L, K)``."""
    demanded = np.hypot(sideways, profiles.acceleration)
    return np.asarray((demanded <= np.maximum(GRIP_TOLERANCE * grip, demanded[..., :1])).all(axis=2))


def _against_others(centre: FloatArray, profiles: Profiles, scene: Scene) -> tuple[FloatArray, FloatArray]:
    """Clearance cost and collision weight, each ``(L, K)``.

    Who is behind at the start is left out: it has to keep its distance, and a change into its lane
    was refused before if it could not.
    """
    futures = scene.futures
    nothing = np.zeros(centre.shape[:2])
    behind = futures.station[:, 0] + futures.half_length < -scene.ego_rear
    along = np.abs(futures.station[None] - (profiles.station + _ahead(scene))[:, None])  # (K, H, T)
    length = futures.half_length + (scene.ego_front + scene.ego_rear) / 2.0 + LENGTH_MARGIN
    abreast = along < length[None, :, None]
    rows = np.flatnonzero(abreast.any(axis=(0, 2)) & ~behind)
    if len(rows) == 0:
        return nothing, nothing
    abreast = abreast[:, rows]
    beside = np.abs(futures.lateral[rows][None, None] - centre[:, :, None]) - (
        futures.half_width[rows, None] + scene.ego_half_width
    )
    person = futures.person[rows, None]
    chance = futures.probability[rows]
    wish = np.where(person, PERSON_WISH, SIDE_WISH)
    short = np.where(abreast[None], np.maximum(wish - beside, 0.0), 0.0)
    clear = ((short**2).mean(axis=3) * chance).sum(axis=2)
    struck = abreast[None] & (beside < np.where(person, PERSON_MARGIN, SIDE_MARGIN))
    # sooner and faster hits are worse; certain ones far worse than unlikely ones
    soon = np.linspace(1.0, 0.4, centre.shape[2])
    harm = soon * (0.3 + profiles.speed / 20.0)
    worst = np.where(struck, harm[None, :, None, :], 0.0).max(axis=3)
    return clear, (worst * chance**3).sum(axis=2)
