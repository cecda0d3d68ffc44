"""What is assumed of the objects of each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drive_stack.types import ObjectClass


@dataclass(frozen=True, slots=True)
class ClassModel:
    """How an object moves and how large it usually is."""

    length: float  # [m]
    width: float  # [m]
    along: float  # acceleration along the ego's axis, standard deviation [m/s²]
    across: float  # and across it
    first_speed_share: float  # a new one is expected at this share of the ego's speed
    first_along: float  # with this standard deviation along [m/s]
    first_across: float  # and across


CLASS_MODELS: Mapping[ObjectClass, ClassModel] = {
    ObjectClass.CAR: ClassModel(4.5, 1.83, 3.0, 1.5, 0.8, 9.0, 2.0),
    ObjectClass.LARGE_VEHICLE: ClassModel(9.0, 2.4, 2.5, 1.2, 0.8, 8.0, 2.0),
    ObjectClass.PEDESTRIAN: ClassModel(0.5, 0.5, 0.8, 0.8, 0.0, 1.2, 1.5),
    ObjectClass.OBSTACLE: ClassModel(0.5, 0.6, 0.1, 0.1, 0.0, 0.2, 0.2),
}


def same_kind(first: ObjectClass, second: ObjectClass) -> bool:
    """Whether the detector might take one for the other: vehicles for vehicles."""
    vehicles = (ObjectClass.CAR, ObjectClass.LARGE_VEHICLE)
    return first is second or (first in vehicles and second in vehicles)
