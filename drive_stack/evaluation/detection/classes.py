"""Groups of object classes that detection metrics are computed for."""

from __future__ import annotations

from drive_stack.types import ObjectClass

VEHICLES = frozenset({ObjectClass.CAR, ObjectClass.LARGE_VEHICLE})
PEDESTRIANS = frozenset({ObjectClass.PEDESTRIAN})

GROUPS: dict[str, frozenset[ObjectClass]] = {
    "vehicles": VEHICLES,
    "car": frozenset({ObjectClass.CAR}),
    "large_vehicle": frozenset({ObjectClass.LARGE_VEHICLE}),
    "pedestrian": PEDESTRIANS,
    "obstacle": frozenset({ObjectClass.OBSTACLE}),
}
REPORTED = ("vehicles", "pedestrian", "obstacle")  # disjoint groups that cover all classes
