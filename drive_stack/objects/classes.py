"""Groups, names and roles of the object classes.

The detector is trained on `TAUGHT_CLASSES`. `HELD_OUT_CLASSES` appear in no recording for training; scenarios
use them to measure how drivers treat what no network was taught.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from drive_stack.types import Contact, ObjectClass


class ClassGroup(StrEnum):
    """Classes whose tracks are not confused: a van that is classified as a car is still the same vehicle."""

    VEHICLES = "vehicles"
    PEDESTRIANS = "pedestrians"  # all that may turn at any time: people, cyclists and animals
    OBSTACLES = "obstacles"


GROUPS: Mapping[ObjectClass, ClassGroup] = {
    ObjectClass.CAR: ClassGroup.VEHICLES,
    ObjectClass.LARGE_VEHICLE: ClassGroup.VEHICLES,
    ObjectClass.PEDESTRIAN: ClassGroup.PEDESTRIANS,
    ObjectClass.OBSTACLE: ClassGroup.OBSTACLES,
    ObjectClass.MOTORCYCLE: ClassGroup.VEHICLES,
    ObjectClass.CYCLIST: ClassGroup.PEDESTRIANS,
    ObjectClass.WHEELCHAIR_USER: ClassGroup.PEDESTRIANS,
    ObjectClass.ANIMAL: ClassGroup.PEDESTRIANS,
    ObjectClass.CARGO: ClassGroup.OBSTACLES,
    ObjectClass.EMERGENCY_VEHICLE: ClassGroup.VEHICLES,
    ObjectClass.OVERTURNED_CAR: ClassGroup.VEHICLES,
}

TAUGHT_CLASSES = (
    ObjectClass.CAR,
    ObjectClass.LARGE_VEHICLE,
    ObjectClass.PEDESTRIAN,
    ObjectClass.OBSTACLE,
    ObjectClass.MOTORCYCLE,
)
_EVERYDAY_CLASSES = TAUGHT_CLASSES[:4]
HELD_OUT_CLASSES = tuple(label for label in ObjectClass if label not in TAUGHT_CLASSES)


def class_name(label: ObjectClass) -> str:
    """The name of a class in texts for users, such as ``large vehicle``."""
    return label.name.lower().replace("_", " ")


def classes_of(group: ClassGroup) -> frozenset[ObjectClass]:
    """All classes of a group."""
    return frozenset(label for label, own in GROUPS.items() if own is group)


def contact_name(contact: Contact) -> str:
    """What the ego hit, in texts for users: the kind of contact, or a class that is not everyday traffic."""
    if contact.label is None or contact.label in _EVERYDAY_CLASSES:
        return contact.kind.value
    return class_name(contact.label)
