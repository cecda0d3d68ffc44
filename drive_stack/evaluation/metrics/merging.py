"""Repeated hits counted once, as CARLA's collision test does."""

from __future__ import annotations

from collections.abc import Sequence

from drive_stack.types import Contact

SAME_PLACE = 5.0  # hits this near to the last collision belong to it [m]
SAME_ACTOR = 5.0  # so do hits of its actor within this time [s]
CHARGED_FROM = 0.1  # a slower ego is not charged [m/s]


def merged(contacts: Sequence[tuple[Contact, float]]) -> list[Contact]:
    """Collisions of contacts, each with the ego's station [m]; those of a standing ego are left out.

    scenario_runner, ``atomic_criteria.py``, CollisionTest: only a collision that counts is remembered, and
    only the last one; what has no id of its own, such as the rail, is told by its place alone.
    """
    kept: list[Contact] = []
    last_place = float("-inf")
    for contact, station in contacts:
        same_actor = bool(kept) and contact.actor_id == kept[-1].actor_id != 0
        again = same_actor and contact.time - kept[-1].time <= SAME_ACTOR
        if contact.ego_speed < CHARGED_FROM or again or abs(station - last_place) <= SAME_PLACE:
            continue
        last_place = station
        kept.append(contact)
    return kept
