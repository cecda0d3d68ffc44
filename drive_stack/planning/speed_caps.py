"""Speeds that the road, the view and pedestrians next to the road allow, as a function of the station."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.planning.scene import Actor, Scene
from drive_stack.planning.settings import CautionSettings, PlannerSettings
from drive_stack.types import Behaviour, Cause, FloatArray, ObjectClass

SPEED_LIMIT = Cause("the speed limit")
GRID = np.arange(0.0, 202.0, 2.0)  # stations of the rear axle at which caps are evaluated [m]
LOOK_AHEAD = 1.0  # at the present speed, at which caps are compared [s]
REACH = 3.0  # at the present speed, within which a cap below it is the reason to brake [s]


@dataclass(frozen=True, slots=True)
class SpeedCap:
    """A maximum speed from ``start`` to ``end``. The ego brakes for it before ``start``."""

    start: float  # station of the rear axle [m]
    end: float  # [m]
    speed: float  # [m/s]
    reason: str
    cause: Cause
    behaviour: Behaviour = Behaviour.CRUISE


@dataclass(frozen=True, slots=True)
class CapProfile:
    """The minimum of all caps over `GRID`, and the cap that limits the speed."""

    speed: FloatArray  # (G,) [m/s]
    binding: SpeedCap  # the cap to brake for, else the lowest cap a short distance ahead
    demands_less: bool  # whether it demands less than the present speed soon

    def at(self, station: FloatArray) -> FloatArray:
        """Allowed speed [m/s] at stations of any shape."""
        return np.asarray(np.interp(station, GRID, self.speed), dtype=np.float64)


def build_profile(
    caps: tuple[SpeedCap, ...], scene: Scene, settings: PlannerSettings, speed: float
) -> CapProfile:
    """Combine caps and road curvature, for an ego at ``speed`` [m/s]."""
    approach_braking = settings.caution.approach_braking
    rows = [_with_approach(cap, approach_braking) for cap in caps]
    curve = _curve_speed(scene, settings)
    rows.append(curve)
    table = np.array(rows)
    look_ahead = max(speed, 2.0) * LOOK_AHEAD
    soon = table[:, speed * REACH >= GRID].min(axis=1)
    demands_less = bool(soon.min() < speed)
    at_look_ahead = table[:, int(np.searchsorted(GRID, look_ahead))]
    binding_index = int(np.argmin(soon if demands_less else at_look_ahead))
    if binding_index < len(caps):
        binding = caps[binding_index]
    else:
        binding = SpeedCap(0.0, look_ahead, float(curve[0]), "slowing for the curve", Cause("the curve"))
    return CapProfile(table.min(axis=0), binding, demands_less)


def _with_approach(cap: SpeedCap, braking: float) -> FloatArray:
    distance = np.maximum(cap.start - GRID, 0.0)
    allowed = np.sqrt(cap.speed**2 + 2.0 * braking * distance)
    return np.where(cap.end < GRID, np.inf, allowed)


def _curve_speed(scene: Scene, settings: PlannerSettings) -> FloatArray:
    """Speed of comfortable lateral acceleration at each point of the road, with braking before it."""
    kappa = np.maximum(np.abs(scene.line.curvature_at(GRID)), 1e-6)
    squared = settings.comfort.curve_acceleration / kappa
    # v²(s) ≤ v²(s') + 2·b·(s' − s) for all s' ≥ s: a running minimum from the far end
    tilted = squared + 2.0 * settings.caution.approach_braking * 0.75 * GRID
    running = np.minimum.accumulate(tilted[::-1])[::-1]
    return np.asarray(np.sqrt(running - 2.0 * settings.caution.approach_braking * 0.75 * GRID))


def view_cap(scene: Scene, settings: CautionSettings) -> SpeedCap:
    """Cap from which the ego can stop within the visible part of the road."""
    view_range, b = max(float(scene.lanes.path.station[-1]), 5.0), settings.view_braking
    speed = float(np.sqrt((b * settings.reaction) ** 2 + 2.0 * b * view_range)) - b * settings.reaction
    reason = f"only {view_range:.0f} m of road in view"
    return SpeedCap(0.0, np.inf, speed, reason, Cause("the short view"))


def caution_caps(
    scene: Scene, centre: float, speed_limit: float, settings: CautionSettings
) -> tuple[SpeedCap, ...]:
    """Caps next to pedestrians and parked vehicles for driving along the lateral ``centre`` [m].

    ``speed_limit`` [m/s] is that of the road; caps above it are left out.
    """
    caps = []
    for actor in scene.actors:
        gap = abs(actor.lateral - centre) - actor.half_width - scene.ego_half_width
        leaving = actor.crosses and (actor.lateral - centre) * actor.lateral_speed > 0.0
        if actor.front < -scene.ego_rear or gap <= 0.0 or (leaving and gap > 0.6):
            continue
        if actor.pedestrian and gap < settings.max_pedestrian_gap:
            caps.append(_near_pedestrian(actor, gap, scene, settings))
        elif not actor.pedestrian and _may_hide_pedestrians(actor, gap, settings):
            caps.append(_near_occluder(actor, gap, scene, speed_limit, settings))
    return tuple(cap for cap in caps if cap.speed < speed_limit)


def _may_hide_pedestrians(actor: Actor, gap: float, settings: CautionSettings) -> bool:
    max_gap = settings.max_occluder_gap
    if actor.track.label is not ObjectClass.LARGE_VEHICLE:
        max_gap *= 0.6  # a car hides only a child
    return actor.stationary and actor.track.length > 2.5 and gap < max_gap


def _stopping_speed(gap: float, pedestrian_speed: float, settings: CautionSettings) -> float:
    """Speed from which the ego stops in the time that a pedestrian needs for the distance ``gap`` [m]."""
    return 2.0 * settings.braking * max(gap / pedestrian_speed - settings.reaction, 0.0)


def _near_pedestrian(actor: Actor, gap: float, scene: Scene, settings: CautionSettings) -> SpeedCap:
    speed = max(_stopping_speed(gap, settings.pedestrian_speed, settings), settings.min_speed)
    start = actor.rear - scene.ego_front - 4.0
    reason = (
        f"{actor.description} {scene.distance_to(actor):.0f} m ahead, {gap:.1f} m beside the lane, slowing"
    )
    end = actor.front + scene.ego_rear
    return SpeedCap(start, end, speed, reason, scene.cause(actor), Behaviour.YIELD)


def _near_occluder(
    actor: Actor, gap: float, scene: Scene, speed_limit: float, settings: CautionSettings
) -> SpeedCap:
    speed = max(
        _stopping_speed(gap, settings.occluded_pedestrian_speed, settings),
        settings.min_speed,
        settings.min_speed_fraction * speed_limit,
    )
    start = actor.rear - scene.ego_front
    reason = f"parked vehicle {scene.distance_to(actor):.0f} m ahead may hide people, slowing"
    return SpeedCap(start, actor.front, speed, reason, scene.cause(actor))
