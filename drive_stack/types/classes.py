"""Classes of objects, and of the pixels of the semantic mask."""

from __future__ import annotations

from enum import IntEnum


class ObjectClass(IntEnum):
    """True classes of objects. Detectors distinguish the first ones: see `drive_stack.objects.classes`."""

    CAR = 0
    LARGE_VEHICLE = 1
    PEDESTRIAN = 2
    OBSTACLE = 3  # cones, barriers and boards at road works; solids of random form
    MOTORCYCLE = 4  # with its rider
    CYCLIST = 5
    WHEELCHAIR_USER = 6
    ANIMAL = 7
    CARGO = 8  # fallen onto the road
    EMERGENCY_VEHICLE = 9
    OVERTURNED_CAR = 10


class SemanticClass(IntEnum):
    """Values of the semantic mask."""

    SKY = 0
    ROAD = 1
    MARKING = 2
    SHOULDER = 3
    TERRAIN = 4
    STRUCTURE = 5  # rails, signs, buildings, cones
    VEGETATION = 6
    CAR = 7
    LARGE_VEHICLE = 8
    PEDESTRIAN = 9
    MOTORCYCLE = 10
    CYCLIST = 11
    WHEELCHAIR_USER = 12
    ANIMAL = 13
    CARGO = 14
    EMERGENCY_VEHICLE = 15
    OVERTURNED_CAR = 16
