"""Motion and size assumptions for each object class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.types import ObjectClass


@dataclass(frozen=True, slots=True)
class VelocityPrior:
    """A hypothesis about the velocity of a new object, for the start of its filter."""

    probability: float
    speed_fraction: float  # of the ego's speed
    longitudinal_sigma: float  # standard deviation along the ego's x axis [m/s]
    lateral_sigma: float  # and along its y axis [m/s]


@dataclass(frozen=True, slots=True)
class ClassModel:
    """Motion model and typical size of a class."""

    length: float  # [m]
    width: float  # [m]
    longitudinal_acceleration: float  # standard deviation along the ego's x axis [m/s²]
    lateral_acceleration: float  # and along its y axis [m/s²]
    velocity_priors: tuple[VelocityPrior, ...]
    velocity_priors_at_side: tuple[VelocityPrior, ...]  # of an object that enters the image at its side

    @property
    def mean_speed_fraction(self) -> float:
        """Mean speed of a new object as a fraction of the ego's speed."""
        return sum(prior.probability * prior.speed_fraction for prior in self.velocity_priors)


STATIONARY, MOVING = VelocityPrior(0.3, 0.0, 1.0, 0.5), VelocityPrior(0.7, 0.85, 6.0, 1.5)
AHEAD = (STATIONARY, MOVING)
OVERTAKING = (replace(STATIONARY, probability=0.04), VelocityPrior(0.96, 1.1, 5.0, 1.5))  # or tracked before
WALKING, IMMOVABLE = (VelocityPrior(1.0, 0.0, 1.2, 1.5),), (VelocityPrior(1.0, 0.0, 0.2, 0.2),)
CYCLING, RUNNING = (VelocityPrior(1.0, 0.0, 5.0, 1.5),), (VelocityPrior(1.0, 0.0, 4.0, 6.0),)

CLASS_MODELS: Mapping[ObjectClass, ClassModel] = {
    ObjectClass.CAR: ClassModel(4.5, 1.83, 3.0, 1.5, AHEAD, OVERTAKING),
    ObjectClass.LARGE_VEHICLE: ClassModel(9.0, 2.4, 2.5, 1.2, AHEAD, OVERTAKING),
    ObjectClass.PEDESTRIAN: ClassModel(0.5, 0.5, 0.8, 0.8, WALKING, WALKING),
    ObjectClass.OBSTACLE: ClassModel(0.5, 0.6, 0.1, 0.1, IMMOVABLE, IMMOVABLE),
    ObjectClass.MOTORCYCLE: ClassModel(2.2, 0.8, 4.0, 1.5, AHEAD, OVERTAKING),
    ObjectClass.CYCLIST: ClassModel(1.8, 0.6, 1.0, 0.8, CYCLING, CYCLING),
    ObjectClass.WHEELCHAIR_USER: ClassModel(1.1, 0.65, 0.8, 0.8, WALKING, WALKING),
    ObjectClass.ANIMAL: ClassModel(1.3, 0.4, 3.0, 3.0, RUNNING, RUNNING),
    ObjectClass.CARGO: ClassModel(0.8, 0.8, 0.1, 0.1, IMMOVABLE, IMMOVABLE),
    ObjectClass.EMERGENCY_VEHICLE: ClassModel(4.7, 1.85, 3.0, 1.5, AHEAD, OVERTAKING),
    ObjectClass.OVERTURNED_CAR: ClassModel(4.5, 1.83, 0.1, 0.1, IMMOVABLE, IMMOVABLE),
}


def same_group(first: ObjectClass, second: ObjectClass) -> bool:
    """Whether the detector may confuse the two classes, as it does with cars and large vehicles."""
    return first is second or GROUPS[first] is GROUPS[second] is ClassGroup.VEHICLES
