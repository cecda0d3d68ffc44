"""Checks of vehicles that appear on the way."""

from __future__ import annotations

from drive_stack.errors import FieldError, Keys

from .actors import CutIn, Drift, Lead
from .checks import ScenarioContext

MIN_DISTANCE = 300.0  # ahead of the ego, where a vehicle may appear unnoticed [m]


def check_late(actor: Lead | CutIn | Drift, context: ScenarioContext, keys: Keys) -> None:
    """Raise `FieldError` if a vehicle that appears on the way may do so in view of the ego."""
    if isinstance(actor, Lead):
        gap = 0.0 if actor.gap is None else actor.gap.bounds[0]
        headway = 0.0 if actor.headway is None else actor.headway.bounds[0] * context.speed[0]
        distance, key = max(gap, headway), "gap"
    else:
        distance = actor.gap.bounds[0] + actor.slower_kmh.bounds[0] / 3.6 * actor.after.bounds[0]
        key = "after"
    if distance < MIN_DISTANCE:
        raise FieldError(
            f"the vehicle appears in view, {distance:.0f} m ahead of the ego; at least {MIN_DISTANCE:g} m",
            (*keys, key),
            (*keys, "appears_at"),
        )
