"""How sure the detector must be of a thing to report it: a level for each kind.

The kinds are not equally hard, so one level for all would miss people for the sake of cars.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import numpy as np
from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.types import Detection, FloatArray, ObjectClass

Confidence = Annotated[float, Field(ge=0.0, le=1.0)]


class Confidences(StrictModel):
    """The least confidence of each kind. Those given by default suit the shipped weights, as their
    card says: at most 0.05 wrong detections a frame."""

    vehicles: Confidence = 0.41
    pedestrian: Confidence = 0.37
    obstacle: Confidence = 0.34

    @classmethod
    def all(cls, confidence: float) -> Confidences:
        """The same for every kind."""
        return cls(vehicles=confidence, pedestrian=confidence, obstacle=confidence)

    def of(self, label: ObjectClass) -> float:
        """The least confidence of that class."""
        match label:
            case ObjectClass.CAR | ObjectClass.LARGE_VEHICLE:
                return self.vehicles
            case ObjectClass.PEDESTRIAN:
                return self.pedestrian
            case ObjectClass.OBSTACLE:
                return self.obstacle

    def by_class(self) -> FloatArray:
        """The levels in the order of `ObjectClass`."""
        return np.array([self.of(label) for label in ObjectClass])

    def keep(self, detections: Iterable[Detection]) -> list[Detection]:
        """Those of ``detections`` that are sure enough."""
        return [found for found in detections if found.confidence >= self.of(found.label)]
