"""Repeated hits counted once, as CARLA's collision test does."""

from __future__ import annotations

from collections.abc import Sequence

from drive_stack.types import Contact

SAME_PLACE = 5.0  # hits this near to the last one are the same collision [m]
SAME_ACTOR = 5.0  # so are hits of one actor within this time [s]
CHARGED_FROM = 0.1  # a slower ego is not charged [m/s]


def merged(contacts: Sequence[tuple[Contact, float]]) -> list[Contact]:
    """Collisions of contacts, each with the ego's station [m]; those of a standing ego are left out.

    scenario_runner, ``atomic_criteria.py``, CollisionTest.
    """
    kept: list[Contact] = []
    last_place = float("-inf")
    last_time: dict[int, float] = {}
    for contact, station in contacts:
        again = contact.time - last_time.get(contact.actor_id, float("-inf")) <= SAME_ACTOR
        last_time[contact.actor_id] = contact.time
        if contact.ego_speed < CHARGED_FROM or again or abs(station - last_place) <= SAME_PLACE:
            continue
        last_place = station
        kept.append(contact)
    return kept
