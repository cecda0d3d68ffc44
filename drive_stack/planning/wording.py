"""What the plan does and why, in words a person understands."""

from __future__ import annotations

import numpy as np

from drive_stack.planning.directive import Directive
from drive_stack.planning.leads import Lead
from drive_stack.planning.paths import Paths
from drive_stack.planning.profiles import Profiles
from drive_stack.planning.safety import Braking
from drive_stack.planning.scene import Scene
from drive_stack.types import Behaviour, FloatArray

BRAKES = -0.6  # slower than this and nothing else tells why: something near is given room [m/s²]
SLOWER = 0.5  # a lead is told of when it allows this much less than the road does [m/s]


def explain(
    scene: Scene,
    directive: Directive,
    path: Paths,
    moving: Profiles,
    times: FloatArray,
    braking: Braking | None,
) -> tuple[Behaviour, str]:
    """Behaviour and reason of a chosen trajectory."""
    lead = _binding_lead(scene, directive, path, moving, times)
    cap = directive.caps.binding
    why = lead.reason if lead is not None else cap.reason
    if lead is None and cap.behaviour is Behaviour.CRUISE and float(moving.acceleration[0, 5]) < BRAKES:
        why = _room_for(scene) or why
    if braking is not None and braking.emergency:
        return Behaviour.EMERGENCY, braking.reason
    if bool(moving.emergency[0]):
        return Behaviour.EMERGENCY, f"{why}: braking hard"
    shift = directive.decision.shift
    if shift != 0:
        behaviour = Behaviour.CHANGE_LEFT if shift > 0 else Behaviour.CHANGE_RIGHT
        side = "left" if shift > 0 else "right"
        return behaviour, f"{directive.decision.reason}, changing {side}"
    if directive.decision.refused:
        why = f"{why}; {directive.decision.refused}"
    return (lead.behaviour if lead is not None else cap.behaviour), why


def _binding_lead(
    scene: Scene,
    directive: Directive,
    path: Paths,
    moving: Profiles,
    times: FloatArray,
) -> Lead | None:
    """The lead that holds the ego back most over the next two seconds; None where the road does."""
    soon = times <= 2.0
    front = moving.station[0, soon] + scene.ego_front
    least, binding = float(directive.caps.at(moving.station[0, soon]).min()) - SLOWER, None
    for lead in directive.leads:
        meets = np.array([[max(lead.rear - scene.ego_front - 1.0, 0.0)]])
        lateral = float(path.offset(meets)[0, 0])
        if abs(lateral - lead.lateral) >= lead.half_width + scene.ego_half_width:
            continue
        allowed = float(lead.allowed(front, times[soon]).min())
        if allowed < least:
            least, binding = allowed, lead
    return binding


def _room_for(scene: Scene) -> str | None:
    """The nearest person or vehicle ahead that is given room, in words."""
    ahead = [actor for actor in scene.actors if 0.0 < actor.rear < 60.0 and abs(actor.lateral) < 6.0]
    if not ahead:
        return None
    nearest = min(ahead, key=lambda actor: (not actor.person, actor.rear))
    what = "an obstacle" if nearest.word == "obstacle" else f"a {nearest.word}"
    return f"giving room to {what} {max(nearest.rear - scene.ego_front, 0.0):.0f} m ahead"
