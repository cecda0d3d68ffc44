"""What the behaviour layer asks of the lattice: where to, how fast at most, behind what, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from drive_stack.planning.caps import CapProfile, SpeedCap, caution_caps, profile, view_cap
from drive_stack.planning.gaps import occupants
from drive_stack.planning.lane_choice import LaneDecision
from drive_stack.planning.leads import Lead, crossing_people, lane_end, vehicles_ahead
from drive_stack.planning.scene import Scene
from drive_stack.planning.settings import PlannerSettings
from drive_stack.types import Behaviour, PlanningInput


@dataclass(frozen=True, slots=True)
class Directive:
    """Goal and limits of one step."""

    decision: LaneDecision
    goal: float  # lateral of the goal lane's centre [m]
    caps: CapProfile
    leads: tuple[Lead, ...]


def direct(
    scene: Scene,
    given: PlanningInput,
    decision: LaneDecision,
    further: tuple[SpeedCap, ...],
    settings: PlannerSettings,
) -> Directive:
    """Gather caps and leads for the lane decided on; ``further`` caps come from elsewhere."""
    goal = scene.lane_centre(decision.shift)
    limit = SpeedCap(0.0, np.inf, given.speed_limit, f"free road, {given.speed_limit * 3.6:.0f} km/h allowed")
    caps = (
        limit,
        view_cap(scene, settings.caution),
        *caution_caps(scene, goal, given.speed_limit, settings.caution),
        *further,
    )
    leads = (
        vehicles_ahead(scene, settings)
        + crossing_people(scene, given.speed, settings)
        + lane_end(scene, settings)
    )
    if decision.waiting:
        leads += _behind_the_gap(scene, decision, settings)
    here = max(given.speed, 2.0) * 1.0
    limits = profile(caps, scene, settings, here)
    if further:  # a failing sense is told of before what follows from it
        limits = replace(limits, binding=further[0])
    return Directive(decision, goal, limits, leads)


def _behind_the_gap(scene: Scene, decision: LaneDecision, settings: PlannerSettings) -> tuple[Lead, ...]:
    """The vehicle in the wished lane beside or next ahead: dropping behind it opens its gap."""
    ahead = [
        actor
        for actor in occupants(scene, decision.waiting)
        if actor.station > (scene.ego_front - scene.ego_rear) / 2.0 - 2.0 and not actor.standing
    ]
    if not ahead:
        return ()
    actor = min(ahead, key=lambda one: one.rear)
    side = "left" if decision.waiting > 0 else "right"
    return (
        Lead(
            rear=actor.rear,
            speed=max(actor.along, 0.0),
            lateral=0.0,
            half_width=scene.lanes.width / 2.0,
            gap=settings.lane_change.front_gap,
            braking=settings.following.braking,
            time_gap=0.5 * settings.following.time_gap,
            reason=f"waiting for a gap on the {side}: {decision.refused}",
            behaviour=Behaviour.FOLLOW,
        ),
    )
