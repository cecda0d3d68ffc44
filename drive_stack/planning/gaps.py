"""Whether there is room to change into the lane beside, before and behind."""

from __future__ import annotations

import numpy as np

from drive_stack.planning.scene import Actor, Scene
from drive_stack.planning.settings import LaneChangeSettings
from drive_stack.types import PlanningInput

LIKELY = 0.3  # a predicted move into the lane counts from this probability on
CLOSING_BRAKE = 3.0  # the ego's own behind a slower car in the new lane [m/s²]


def refusal(
    scene: Scene, given: PlanningInput, shift: int, settings: LaneChangeSettings, *, pressing: bool
) -> str | None:
    """Why the lane ``shift`` lanes to the left cannot be entered now, in words; None where it can."""
    beside = scene.lanes.left if shift > 0 else scene.lanes.right
    side = "left" if shift > 0 else "right"
    if given.fault is not None:
        return given.fault
    if not beside.exists:
        return f"no lane on the {side}"
    if not beside.enterable:
        return f"the line on the {side} must not be crossed"
    if given.blind_spot_left if shift > 0 else given.blind_spot_right:
        return f"something in the {side} blind spot"
    for actor in occupants(scene, shift):
        problem = _too_close(scene, actor, given.speed, settings, pressing=pressing)
        if problem is not None:
            return f"{problem} on the {side}"
    return None


def occupants(scene: Scene, shift: int) -> list[Actor]:
    """Actors in the neighbouring lane now, or probably there in 2 s."""
    centre = scene.lane_centre(shift)
    soon = scene.futures.lateral.shape[1] // 2
    found = []
    for index, actor in enumerate(scene.actors):
        reach = actor.half_width + scene.ego_half_width + 0.4
        rows = (scene.futures.actor == index) & (scene.futures.probability >= LIKELY)
        later = scene.futures.lateral[rows, soon]
        if abs(actor.lateral - centre) < reach or bool(np.any(np.abs(later - centre) < reach)):
            found.append(actor)
    return found


def _too_close(
    scene: Scene, actor: Actor, speed: float, settings: LaneChangeSettings, *, pressing: bool
) -> str | None:
    ahead = actor.rear - scene.ego_front
    behind = -scene.ego_rear - actor.front
    if ahead <= 0.0 and behind <= 0.0:
        return f"{actor.word} beside"
    if ahead > 0.0:
        closing = max(speed - max(actor.along, 0.0), 0.0)
        needed = settings.front_gap + settings.front_seconds * speed + closing**2 / (2.0 * CLOSING_BRAKE)
        return f"{actor.word} close ahead" if ahead < needed else None
    closing = max(actor.along - speed, 0.0)
    braking = settings.rear_braking * (1.5 if pressing else 1.0)
    seconds = settings.rear_seconds * (0.6 if pressing else 1.0)
    needed = settings.rear_gap + seconds * (actor.along + closing) + closing**2 / (2.0 * braking)
    return f"{actor.word} coming from behind" if behind < needed else None
