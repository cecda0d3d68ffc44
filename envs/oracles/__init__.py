"""Oracle stages, which read the ground truth in place of a real stage.

An agent that uses one is privileged.
"""

from __future__ import annotations

from drive_stack.interfaces import (
    Detector,
    GripEstimator,
    LaneDetector,
    LateralController,
    Lifter,
    LongitudinalController,
    Platform,
    Predictor,
    Tracker,
    TruthSource,
)

from .control import TrueLateral, TrueLongitudinal
from .lanes import TrueLanes
from .perception import TrueDetector, TrueGrip, TrueLifter
from .tracks import TruePredictor, TrueTracker


class Oracles:
    """Creates the oracle of each stage; implements `drive_stack.interfaces.OracleStages`."""

    def __init__(self, truth: TruthSource, platform: Platform) -> None:
        self._truth = truth
        self._platform = platform

    def detector(self) -> Detector:
        """Return a detector that gives the boxes of the camera's labels."""
        return TrueDetector(self._truth)

    def lanes(self) -> LaneDetector:
        """Return a lane detector that reads the road map."""
        return TrueLanes(self._truth)

    def lifter(self) -> Lifter:
        """Return a lifter that places detections at the true positions of their objects."""
        return TrueLifter(self._truth)

    def tracker(self) -> Tracker:
        """Return a tracker that tracks all nearby actors, including hidden ones."""
        return TrueTracker(self._truth)

    def predictor(self) -> Predictor:
        """Return a predictor that steps a copy of the world."""
        return TruePredictor(self._truth)

    def lateral(self) -> LateralController:
        """Return a pure-pursuit controller that knows the steering angle and compensates its lag."""
        return TrueLateral(self._truth, self._platform)

    def longitudinal(self) -> LongitudinalController:
        """Return a controller that knows the actual acceleration and compensates its lag."""
        return TrueLongitudinal(self._truth, self._platform)

    def grip(self) -> GripEstimator:
        """Return an estimator that knows the surface of the road."""
        return TrueGrip(self._truth)
