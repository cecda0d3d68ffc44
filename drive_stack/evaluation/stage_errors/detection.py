"""Detections paired with the labels of the same frames."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.evaluation.detection.truth import FrameTruth, truth_of
from drive_stack.types import Detection, FrameLabels

SAMPLING_INTERVAL = 5  # frames between two samples: successive frames are much alike


@dataclass(frozen=True, slots=True)
class DetectionSample:
    """The detections in one frame and the objects that were in it."""

    detections: tuple[Detection, ...]
    truth: FrameTruth


def detection_sample(detections: tuple[Detection, ...], labels: FrameLabels) -> DetectionSample:
    """Pair the detections of one frame with its labels."""
    return DetectionSample(detections, truth_of(labels))
