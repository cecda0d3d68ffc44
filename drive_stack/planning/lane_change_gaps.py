"""Gap acceptance: whether the gaps ahead and behind in an adjacent lane allow a lane change."""

from __future__ import annotations

from drive_stack.planning.scene import Actor, Scene
from drive_stack.planning.settings import LaneChangeSettings
from drive_stack.types import PlanningInput

MIN_CUT_IN_PROBABILITY = 0.3  # of a predicted move into the lane that is considered
CLOSING_BRAKE = 3.0  # assumed for the ego behind a slower vehicle in the new lane [m/s²]


def blocking_reason(
    scene: Scene, inputs: PlanningInput, shift: int, settings: LaneChangeSettings, *, urgent: bool
) -> str | None:
    """Why the lane ``shift`` lanes to the left must not be entered now; None where it may be.

    ``urgent`` changes accept smaller gaps behind.
    """
    adjacent = scene.lanes.left if shift > 0 else scene.lanes.right
    side = "left" if shift > 0 else "right"
    if inputs.fault is not None:
        return inputs.fault
    if not adjacent.exists:
        return f"no lane on the {side}"
    if not adjacent.enterable:
        return f"the line on the {side} must not be crossed"
    if inputs.blind_spot_left if shift > 0 else inputs.blind_spot_right:
        return f"something in the {side} blind spot"
    for actor in occupants(scene, shift):
        problem = _too_close(scene, actor, inputs.speed, settings, urgent=urgent)
        if problem is not None:
            return f"{problem} on the {side}"
    return None


def occupants(scene: Scene, shift: int) -> list[Actor]:
    """Actors that are in the lane ``shift`` lanes to the left now, or probably in 2 s."""
    centre, predicted = scene.lane_centre(shift), scene.futures.laterals_soon(MIN_CUT_IN_PROBABILITY)
    actors = []
    for index, actor in enumerate(scene.actors):
        passing = scene.passing_lateral(actor, centre)
        half_corridor = actor.half_width + scene.ego_half_width + 0.4
        laterals = (actor.lateral, *predicted.get(index, ()))
        if any(abs(lateral - passing) < half_corridor for lateral in laterals):
            actors.append(actor)
    return actors


def _too_close(
    scene: Scene, actor: Actor, speed: float, settings: LaneChangeSettings, *, urgent: bool
) -> str | None:
    ahead = actor.rear - scene.ego_front
    behind = -scene.ego_rear - actor.front
    if ahead <= 0.0 and behind <= 0.0:
        return f"{actor.description} beside"
    if ahead > 0.0:
        closing = max(speed - max(actor.longitudinal_speed, 0.0), 0.0)
        needed = settings.front_gap + settings.front_time_gap * speed + closing**2 / (2.0 * CLOSING_BRAKE)
        return f"{actor.description} close ahead" if ahead < needed else None
    closing = max(actor.longitudinal_speed - speed, 0.0)
    braking = settings.rear_braking * (1.5 if urgent else 1.0)
    seconds = settings.rear_time_gap * (0.6 if urgent else 1.0)
    needed = settings.rear_gap + seconds * (actor.longitudinal_speed + closing) + closing**2 / (2.0 * braking)
    return f"{actor.description} coming from behind" if behind < needed else None
