"""Detections against the labels of the same frames, as COCO has it."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.evaluation.detection.truth import FrameTruth, truth_of
from drive_stack.types import Detection, FrameLabels

EVERY = 5  # frames: neighbours are much alike


@dataclass(frozen=True, slots=True)
class DetectionSample:
    """What was found in a frame, and what was there."""

    found: tuple[Detection, ...]
    truth: FrameTruth


def detection_sample(found: tuple[Detection, ...], labels: FrameLabels) -> DetectionSample:
    """Of one frame."""
    return DetectionSample(found, truth_of(labels))
