"""What is assumed of the objects of each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from drive_stack.types import ObjectClass


@dataclass(frozen=True, slots=True)
class Start:
    """A supposition about a new object's velocity."""

    probability: float
    speed_share: float  # of the ego's speed
    along: float  # standard deviation along the ego's axis [m/s]
    across: float  # and across it


@dataclass(frozen=True, slots=True)
class ClassModel:
    """How an object moves and how large it usually is."""

    length: float  # [m]
    width: float  # [m]
    along: float  # acceleration along the ego's axis, standard deviation [m/s²]
    across: float  # and across it
    starts: tuple[Start, ...]
    starts_at_side: tuple[Start, ...]  # of what comes into the image from the side

    @property
    def usual_speed_share(self) -> float:
        """What a new object's speed is of the ego's, on average."""
        return sum(start.probability * start.speed_share for start in self.starts)


STANDS, DRIVES = Start(0.3, 0.0, 1.0, 0.5), Start(0.7, 0.85, 6.0, 1.5)
AHEAD = (STANDS, DRIVES)
OVERTAKING = (replace(STANDS, probability=0.04), Start(0.96, 1.1, 5.0, 1.5))  # or seen before
ON_FOOT, FIXED = (Start(1.0, 0.0, 1.2, 1.5),), (Start(1.0, 0.0, 0.2, 0.2),)

CLASS_MODELS: Mapping[ObjectClass, ClassModel] = {
    ObjectClass.CAR: ClassModel(4.5, 1.83, 3.0, 1.5, AHEAD, OVERTAKING),
    ObjectClass.LARGE_VEHICLE: ClassModel(9.0, 2.4, 2.5, 1.2, AHEAD, OVERTAKING),
    ObjectClass.PEDESTRIAN: ClassModel(0.5, 0.5, 0.8, 0.8, ON_FOOT, ON_FOOT),
    ObjectClass.OBSTACLE: ClassModel(0.5, 0.6, 0.1, 0.1, FIXED, FIXED),
}


def same_kind(first: ObjectClass, second: ObjectClass) -> bool:
    """Whether the detector might take one for the other: vehicles for vehicles."""
    vehicles = (ObjectClass.CAR, ObjectClass.LARGE_VEHICLE)
    return first is second or (first in vehicles and second in vehicles)
