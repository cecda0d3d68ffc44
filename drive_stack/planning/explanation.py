"""The behaviour of a plan and its reason, as text for users."""

from __future__ import annotations

import numpy as np

from drive_stack.planning.directive import Directive
from drive_stack.planning.leads import Lead
from drive_stack.planning.paths import Paths
from drive_stack.planning.profiles import Profiles
from drive_stack.planning.safety import Braking
from drive_stack.planning.scene import Scene
from drive_stack.types import Behaviour, FloatArray

NOTICEABLE_BRAKING = -0.6  # a plan below it without another reason keeps clearance to an actor [m/s²]
LEAD_MARGIN = 0.5  # by which a lead must allow less than the road to be the reason [m/s]


def explain(
    scene: Scene,
    directive: Directive,
    path: Paths,
    motion: Profiles,
    times: FloatArray,
    braking: Braking | None,
) -> tuple[Behaviour, str]:
    """Behaviour and reason of a chosen trajectory."""
    lead = _binding_lead(scene, directive, path, motion, times)
    cap = directive.caps.binding
    reason = lead.reason if lead is not None else cap.reason
    if (
        lead is None
        and cap.behaviour is Behaviour.CRUISE
        and float(motion.acceleration[0, 5]) < NOTICEABLE_BRAKING
    ):
        reason = _clearance_reason(scene) or reason
    if braking is not None and braking.emergency:
        return Behaviour.EMERGENCY, braking.reason
    if bool(motion.emergency[0]):
        return Behaviour.EMERGENCY, f"{reason}: braking hard"
    shift = directive.decision.shift
    if shift != 0:
        behaviour = Behaviour.CHANGE_LEFT if shift > 0 else Behaviour.CHANGE_RIGHT
        side = "left" if shift > 0 else "right"
        return behaviour, f"{directive.decision.reason}, changing {side}"
    if directive.decision.blocked_by:
        reason = f"{reason}; {directive.decision.blocked_by}"
    return (lead.behaviour if lead is not None else cap.behaviour), reason


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
    for lead in directive.leads:
        meets = np.array([[max(lead.rear - scene.ego_front - 1.0, 0.0)]])
        lateral = float(path.offset(meets)[0, 0])
        if abs(lateral - lead.lateral) >= lead.half_width + scene.ego_half_width:
            continue
        allowed = float(lead.allowed(front, times[in_window]).min())
        if allowed < lowest:
            lowest, binding = allowed, lead
    return binding


def _clearance_reason(scene: Scene) -> str | None:
    """Text on the nearest pedestrian or vehicle ahead to which the ego keeps clearance."""
    ahead = [actor for actor in scene.actors if 0.0 < actor.rear < 60.0 and abs(actor.lateral) < 6.0]
    if not ahead:
        return None
    nearest = min(ahead, key=lambda actor: (not actor.pedestrian, actor.rear))
    what = "an obstacle" if nearest.description == "obstacle" else f"a {nearest.description}"
    return f"giving room to {what} {max(nearest.rear - scene.ego_front, 0.0):.0f} m ahead"
