"""Collisions of the ego."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drive_stack.types.classes import ObjectClass


class ContactKind(StrEnum):
    """What the ego collided with, in the terms of the scoring schemes."""

    VEHICLE = "vehicle"
    PEDESTRIAN = "pedestrian"  # also cyclists and wheelchair users
    OBJECT = "object"  # also animals, for which no scheme has a term of its own
    RAIL = "rail"


class Side(StrEnum):
    """Side of the ego at which a collision happened."""

    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"
    REAR = "rear"


@dataclass(frozen=True, slots=True)
class Contact:
    """One collision of the ego, reported once."""

    time: float  # [s]
    actor_id: int  # 0 for the rail
    kind: ContactKind
    side: Side
    impact_speed: float  # closing speed along the line of contact [m/s], ≥ 0
    ego_speed: float  # [m/s]
    actor_speed: float  # [m/s]
    label: ObjectClass | None = None  # true class of the actor; None for the rail
