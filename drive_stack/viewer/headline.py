"""The headline of a moment: what the agent does, and, while it brakes, what it brakes for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from drive_stack.types import Behaviour, Cause, Plan, StepTrace
from drive_stack.world_state import WorldState

BRAKING, HARD_BRAKING = -1.5, -4.0  # from which on the headline names the cause, and is red [m/s²]
SPEED_LIMIT = "the speed limit"  # the name of this cause in plans
HOLD_SECONDS = 0.5  # for which it remains after the braking [s]


class Urgency(IntEnum):
    """How urgent a headline is; the viewer shows them in green, amber and red."""

    CALM = 0
    CAUTION = 1
    DANGER = 2


@dataclass(frozen=True, slots=True)
class Headline:
    """What the agent does and why, as it is shown everywhere."""

    text: str  # "Follow", "Braking for person #4"
    urgency: Urgency
    reason: str = ""  # a sentence below it
    braking: bool = False  # harder than `BRAKING`
    cause: Cause | None = None  # what the ego brakes for

    @property
    def full_text(self) -> str:
        """The text with the distance to the cause."""
        if self.cause is None or self.cause.distance is None:
            return self.text
        return f"{self.text}, {metres(self.cause.distance)}"

    def names(self, track_id: int) -> bool:
        """Whether the ego brakes for this track."""
        return self.cause is not None and self.cause.track_id == track_id


class Headlines:
    """Follows an episode: braking keeps its headline for `HOLD_SECONDS`."""

    def __init__(self) -> None:
        self._held: Headline | None = None
        self._until = 0.0  # time of the episode at which the held headline ends [s]

    def clear(self) -> None:
        """Forget the previous episode."""
        self._held = None

    def of(self, state: WorldState, trace: StepTrace | None) -> Headline | None:
        """The headline of the next moment; None where the agent gives no plan and does not brake."""
        requested = 0.0 if trace is None else trace.control.acceleration
        return self.update(
            state.time,
            min(state.ego.acceleration, requested),
            None if trace is None else trace.plan,
            speeding=state.ego.speed > state.speed_limit,
        )

    def update(
        self, time: float, acceleration: float, plan: Plan | None, *, speeding: bool = False
    ) -> Headline | None:
        """The headline at ``time`` [s].

        ``acceleration`` is the lower of true and requested one [m/s²], and ``speeding`` whether the ego is
        faster than allowed.
        """
        present, held = headline(acceleration, plan, speeding=speeding), self._held
        if present is not None and held is not None:
            present = _with_cause_of(present, held)
        calmer = present is None or held is None or not present.braking or present.urgency < held.urgency
        if held is not None and calmer and time < self._until - 1e-6:
            return _with_present_distance(held, plan)
        self._held = present if present is not None and present.braking else None
        self._until = time + HOLD_SECONDS
        return present


def headline(acceleration: float, plan: Plan | None, *, speeding: bool = False) -> Headline | None:
    """The headline of one instant, without regard to those before it.

    A plan can name the speed limit, which is what limits its speed later, while it brakes for something
    nearer. If the ego is not ``speeding``, it does not brake for the limit, and no cause is known.
    """
    emergency = plan is not None and plan.behaviour is Behaviour.EMERGENCY
    if acceleration > BRAKING and not emergency:
        return None if plan is None else _calm(plan)
    urgency = Urgency.DANGER if emergency or acceleration <= HARD_BRAKING else Urgency.CAUTION
    cause, reason = (None, "") if plan is None else (plan.cause, plan.reason)
    if cause is not None and cause.name == SPEED_LIMIT and not speeding:
        cause, reason = None, ""
    text = "Braking" if cause is None else f"Braking for {_name(cause)}"
    return Headline(text, urgency, reason, braking=True, cause=cause)


def metres(distance: float) -> str:
    """A distance as every part of the screen writes it [m]."""
    return f"{max(distance, 0.0):.0f} m"


def _calm(plan: Plan) -> Headline:
    waits = plan.behaviour in (Behaviour.YIELD, Behaviour.STOP)
    text = plan.behaviour.value
    return Headline(text[:1].upper() + text[1:], Urgency.CAUTION if waits else Urgency.CALM, plan.reason)


def _name(cause: Cause) -> str:
    return cause.name if cause.track_id is None else f"{cause.name} #{cause.track_id}"


def _with_cause_of(present: Headline, held: Headline) -> Headline:
    """A headline of braking; where the plan has no cause left, with that of the braking before.

    The car goes on braking for a moment after the plan has released the brake.
    """
    if not present.braking or present.cause is not None or held.cause is None:
        return present
    return replace(present, text=held.text, cause=replace(held.cause, distance=None))


def _with_present_distance(held: Headline, plan: Plan | None) -> Headline:
    """A held headline; where the plan still has its cause, with the present distance and reason."""
    cause = None if plan is None else plan.cause
    if plan is None or cause is None or held.cause is None or cause.track_id != held.cause.track_id:
        return held
    return replace(held, reason=plan.reason, cause=cause)
