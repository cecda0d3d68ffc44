"""Groups of object classes that detection metrics are computed for."""

from __future__ import annotations

from drive_stack.objects.classes import ClassGroup, classes_of
from drive_stack.types import ObjectClass

VEHICLES = classes_of(ClassGroup.VEHICLES)
PEDESTRIANS = classes_of(ClassGroup.PEDESTRIANS)
OBSTACLES = classes_of(ClassGroup.OBSTACLES)

GROUPS: dict[str, frozenset[ObjectClass]] = {
    "vehicles": VEHICLES,
    "car": frozenset({ObjectClass.CAR}),
    "large_vehicle": frozenset({ObjectClass.LARGE_VEHICLE}),
    "motorcycle": frozenset({ObjectClass.MOTORCYCLE}),
    "pedestrian": PEDESTRIANS,
    "obstacle": OBSTACLES,
}
REPORTED = ("vehicles", "pedestrian", "obstacle")  # disjoint groups that cover all classes
