"""Repeated hits counted once, as CARLA's collision test does."""

from __future__ import annotations

import math
from collections.abc import Sequence

from drive_stack.types import Contact, ContactKind

SAME_PLACE = 5.0  # hits this near to the last collision belong to it [m]
SAME_ACTOR = 5.0  # so do hits of its actor within this time [s]
CHARGED_FROM = 0.1  # a slower ego is not charged [m/s]


def merged(contacts: Sequence[tuple[Contact, tuple[float, float]]]) -> list[Contact]:
    """Collisions of contacts, each with the ego's place in the world [m]; a standing ego has none.

    scenario_runner, ``atomic_criteria.py``, CollisionTest: only a collision that counts is remembered, and
    only the last one. An object without an id of its own, such as the rail, is identified by its position
    alone, and the last actor stays remembered.
    """
    counted: list[Contact] = []
    last_place: tuple[float, float] | None = None
    last_actor: int | None = None
    for contact, place in contacts:
        if counted and contact.time - counted[-1].time > SAME_ACTOR:
            last_actor = None
        if last_place is not None and math.dist(place, last_place) > SAME_PLACE:
            last_place = None
        known = contact.actor_id == last_actor or last_place is not None
        if known or contact.ego_speed < CHARGED_FROM:
            continue
        counted.append(contact)
        last_place = place
        if contact.kind is not ContactKind.RAIL:
            last_actor = contact.actor_id
    return counted
