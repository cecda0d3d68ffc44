"""The behaviour of a plan and its reason, as text for users, and what limits its speed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from drive_stack.planning.directive import Directive
from drive_stack.planning.leads import Lead
from drive_stack.planning.paths import Paths
from drive_stack.planning.profiles import Profiles
from drive_stack.planning.safety import Braking
from drive_stack.planning.scene import Actor, Scene
from drive_stack.types import Behaviour, Cause, FloatArray

NOTICEABLE_BRAKING = -0.6  # a plan below it without another reason keeps clearance to an actor [m/s²]
FAR_BELOW = 3.0  # the allowed speed, at which a free road makes the ego accelerate by more [m/s]
SLOW_START = 0.5  # than this; a plan below it keeps clearance to an actor too [m/s²]
LEAD_MARGIN = 0.5  # by which a lead must allow less than the road to be the reason [m/s]
MAX_CLEARANCE = 4.0  # to the predicted position of an actor for which the ego brakes [m]
CLOSER_PER_SECOND = 1.0  # an actor that is met a second later counts as so much farther away [m]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the ego does and why."""

    behaviour: Behaviour
    reason: str
    cause: Cause | None  # of the speed; None where nothing but the planner's choice limits it


def explain(
    scene: Scene,
    directive: Directive,
    path: Paths,
    motion: Profiles,
    times: FloatArray,
    braking: Braking | None,
) -> Explanation:
    """Behaviour, reason and cause of a chosen trajectory."""
    speed = _speed_limitation(scene, directive, path, motion, times)
    if braking is not None and braking.emergency:
        return Explanation(Behaviour.EMERGENCY, braking.reason, braking.cause)
    if braking is not None:
        speed = replace(speed, reason=braking.reason, cause=braking.cause)
    if bool(motion.emergency[0]):
        return Explanation(Behaviour.EMERGENCY, f"{speed.reason}: braking hard", speed.cause)
    shift = directive.decision.shift
    if shift != 0:
        behaviour = Behaviour.CHANGE_LEFT if shift > 0 else Behaviour.CHANGE_RIGHT
        side = "left" if shift > 0 else "right"
        return Explanation(behaviour, f"{directive.decision.reason}, changing {side}", speed.cause)
    if directive.decision.blocked_by and directive.decision.blocked_by not in speed.reason:
        return replace(speed, reason=f"{speed.reason}; {directive.decision.blocked_by}")
    return speed


def _speed_limitation(
    scene: Scene, directive: Directive, path: Paths, motion: Profiles, times: FloatArray
) -> Explanation:
    """What limits the speed: a lead, else the road and its caps, else the clearance to an actor."""
    lead = _binding_lead(scene, directive, path, motion, times)
    if lead is not None:
        return Explanation(lead.behaviour, lead.reason, lead.cause)
    cap, speed = directive.caps.binding, float(motion.speed[0, 0])
    names_object = cap.cause.track_id is not None  # the reason does, so the cause does too
    has_cause = directive.caps.demands_less or names_object
    limitation = Explanation(cap.behaviour, cap.reason, cap.cause if has_cause else None)
    acceleration = float(motion.acceleration[0, 5])
    held_back = speed < float(directive.caps.at(np.zeros(1))[0]) - FAR_BELOW and acceleration < SLOW_START
    if cap.behaviour is not Behaviour.CRUISE or not (acceleration < NOTICEABLE_BRAKING or held_back):
        return limitation
    actor = _nearest_conflict(scene, path, speed)
    if actor is None:
        return limitation
    article = "an" if actor.description[0] in "aeiou" else "a"
    reason = f"giving room to {article} {actor.description} {scene.distance_to(actor):.0f} m ahead"
    behaviour = Behaviour.YIELD if actor.pedestrian else cap.behaviour
    return Explanation(behaviour, reason, scene.cause(actor))


def _binding_lead(
    scene: Scene,
    directive: Directive,
    path: Paths,
    motion: Profiles,
    times: FloatArray,
) -> Lead | None:
    """The lead that limits the speed most over the next two seconds; None where the road limits it more."""
    in_window = times <= 2.0
    front = motion.station[0, in_window] + scene.ego_front
    lowest, binding = float(directive.caps.at(motion.station[0, in_window]).min()) - LEAD_MARGIN, None
    meetings = path.offsets([max(lead.rear - scene.ego_front - 1.0, 0.0) for lead in directive.leads])
    for lead, lateral in zip(directive.leads, meetings, strict=True):
        if abs(lateral - lead.lateral) >= lead.half_width + scene.ego_half_width:
            continue
        allowed = float(lead.allowed(front, times[in_window]).min())
        if allowed < lowest:
            lowest, binding = allowed, lead
    return binding


def _nearest_conflict(scene: Scene, path: Paths, speed: float) -> Actor | None:
    """The actor that would come nearest, and soonest, if the ego kept its speed [m/s] along its path.

    None where all predicted positions of the actors ahead are more than `MAX_CLEARANCE` away.
    """
    futures, own = scene.futures, speed * scene.times
    if len(futures.actor) == 0:
        return None
    ahead = futures.station - futures.half_length[:, None] - (own + scene.ego_front)
    behind = (own - scene.ego_rear) - (futures.station + futures.half_length[:, None])
    widths = futures.half_width[:, None] + scene.ego_half_width
    across = np.abs(futures.lateral - path.offset(own[None])) - widths
    gap = np.hypot(np.maximum(np.maximum(ahead, behind), 0.0), np.maximum(across, 0.0))
    starts_ahead = futures.station[:, 0] + futures.half_length > scene.ego_front
    gap[~starts_ahead] = np.inf
    gap[gap > MAX_CLEARANCE] = np.inf
    soonest = (gap + CLOSER_PER_SECOND * scene.times).min(axis=1)
    nearest = int(np.argmin(soonest))
    return scene.actors[int(futures.actor[nearest])] if np.isfinite(soonest[nearest]) else None
