"""Stages that read the truth in place of a real stage; whatever uses one is privileged."""

from __future__ import annotations

from drive_stack.interfaces import (
    Detector,
    LaneDetector,
    LateralController,
    Lifter,
    LongitudinalController,
    Platform,
    Predictor,
    Tracker,
    TruthSource,
)
from envs.oracles.control import TrueLateral, TrueLongitudinal
from envs.oracles.lanes import TrueLanes
from envs.oracles.perception import TrueDetector, TrueLifter
from envs.oracles.tracks import TruePredictor, TrueTracker


class Oracles:
    """Makes the oracle of each stage (`drive_stack.interfaces.OracleStages`)."""

    def __init__(self, truth: TruthSource, platform: Platform) -> None:
        self._truth = truth
        self._platform = platform

    def detector(self) -> Detector:
        """Boxes from the camera's labels."""
        return TrueDetector(self._truth)

    def lanes(self) -> LaneDetector:
        """Lanes from the road map."""
        return TrueLanes(self._truth)

    def lifter(self) -> Lifter:
        """Detections placed where their objects are."""
        return TrueLifter(self._truth)

    def tracker(self) -> Tracker:
        """Everything near, seen or not."""
        return TrueTracker(self._truth)

    def predictor(self) -> Predictor:
        """The future of a copy of the world."""
        return TruePredictor(self._truth)

    def lateral(self) -> LateralController:
        """Pure pursuit that knows the wheels' angle and undoes their lag."""
        return TrueLateral(self._truth, self._platform)

    def longitudinal(self) -> LongitudinalController:
        """Follows the plan knowing the reached acceleration, and undoes its lag."""
        return TrueLongitudinal(self._truth, self._platform)
