"""The minimum confidence of a reported detection, for each group of classes.

The groups differ in difficulty: a common threshold would miss pedestrians for the sake of cars.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import numpy as np
from pydantic import Field

from drive_stack.config import StrictModel
from drive_stack.objects.classes import GROUPS, TAUGHT_CLASSES, ClassGroup
from drive_stack.types import Detection, FloatArray, ObjectClass

Confidence = Annotated[float, Field(ge=0.0, le=1.0)]


class ConfidenceThresholds(StrictModel):
    """Minimum confidences, 0 … 1.

    The default values are those of the shipped weights, as on their card: at most 0.05 false detections a
    frame.
    """

    vehicles: Confidence = 0.57
    pedestrian: Confidence = 0.44
    obstacle: Confidence = 0.24

    @classmethod
    def uniform(cls, confidence: float) -> ConfidenceThresholds:
        """The same threshold for every class."""
        return cls(vehicles=confidence, pedestrian=confidence, obstacle=confidence)

    def threshold(self, label: ObjectClass) -> float:
        """The minimum confidence of a class."""
        match GROUPS[label]:
            case ClassGroup.VEHICLES:
                return self.vehicles
            case ClassGroup.PEDESTRIANS:
                return self.pedestrian
            case ClassGroup.OBSTACLES:
                return self.obstacle

    def by_class(self) -> FloatArray:
        """The thresholds (classes,) in the order of `TAUGHT_CLASSES`."""
        return np.array([self.threshold(label) for label in TAUGHT_CLASSES])

    def filter(self, detections: Iterable[Detection]) -> list[Detection]:
        """The detections that reach the threshold of their class."""
        return [item for item in detections if item.confidence >= self.threshold(item.label)]
