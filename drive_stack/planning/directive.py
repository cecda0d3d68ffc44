"""The task of the lattice in one step: target lane, speed limits and leads, with reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from drive_stack.planning.lane_change_gaps import occupants
from drive_stack.planning.lane_choice import LaneDecision
from drive_stack.planning.leads import Lead, crossing_pedestrians, lane_end, vehicles_ahead
from drive_stack.planning.scene import Scene
from drive_stack.planning.settings import PlannerSettings
from drive_stack.planning.speed_caps import (
    SPEED_LIMIT,
    CapProfile,
    SpeedCap,
    build_profile,
    caution_caps,
    view_cap,
)
from drive_stack.types import Behaviour, PlanningInput


@dataclass(frozen=True, slots=True)
class Directive:
    """Goal and limits of one step."""

    decision: LaneDecision
    goal: float  # lateral of the target lane's centre [m]
    caps: CapProfile
    leads: tuple[Lead, ...]


def build_directive(
    scene: Scene,
    inputs: PlanningInput,
    decision: LaneDecision,
    sensor_caps: tuple[SpeedCap, ...],
    settings: PlannerSettings,
) -> Directive:
    """Collect caps and leads for the selected lane; ``sensor_caps`` are those of failed sensors."""
    goal = scene.lane_centre(decision.shift)
    limit_kmh = inputs.speed_limit * 3.6
    limit = SpeedCap(0.0, np.inf, inputs.speed_limit, f"free road, {limit_kmh:.0f} km/h allowed", SPEED_LIMIT)
    caps = (
        limit,
        view_cap(scene, settings.caution),
        *caution_caps(scene, goal, inputs.speed_limit, settings.caution),
        *sensor_caps,
    )
    leads = (
        vehicles_ahead(scene, settings)
        + crossing_pedestrians(scene, inputs.speed, settings)
        + lane_end(scene, settings)
    )
    if decision.waiting:
        leads += _behind_the_gap(scene, decision, settings)
    limits = build_profile(caps, scene, settings, inputs.speed)
    if sensor_caps:  # the reason of a failed sensor comes before its consequences
        limits = replace(limits, binding=sensor_caps[0])
    return Directive(decision, goal, limits, leads)


def _behind_the_gap(scene: Scene, decision: LaneDecision, settings: PlannerSettings) -> tuple[Lead, ...]:
    """The vehicle next to the ego or next ahead in the requested lane: falling behind it gives a gap."""
    ahead = [
        actor
        for actor in occupants(scene, decision.waiting)
        if actor.station > (scene.ego_front - scene.ego_rear) / 2.0 - 2.0 and not actor.stationary
    ]
    if not ahead:
        return ()
    actor = min(ahead, key=lambda actor: actor.rear)
    side = "left" if decision.waiting > 0 else "right"
    return (
        Lead(
            rear=actor.rear,
            speed=max(actor.longitudinal_speed, 0.0),
            lateral=0.0,
            half_width=scene.lanes.width / 2.0,
            gap=settings.lane_change.front_gap,
            braking=settings.following.braking,
            time_gap=0.5 * settings.following.time_gap,
            reason=f"waiting for a gap on the {side}: {decision.blocked_by}",
            behaviour=Behaviour.FOLLOW,
            cause=scene.cause(actor),
        ),
    )
