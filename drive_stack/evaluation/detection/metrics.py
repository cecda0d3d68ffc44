"""Detection metrics: average precision at IoU 0.5, recall and false positives.

Detections are matched as in COCO: in order of confidence, each to the free object of its class with the
greatest IoU of at least 0.5. Objects that are too small or too occluded are *ignored*: missing them is no
error, and detecting them is no error. An unmatched detection below the minimum height is ignored as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.detection.truth import FrameTruth
from drive_stack.types import Detection, ObjectClass


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which objects are evaluated, and what counts as a match."""

    min_height: float = 12.0  # [px]
    min_visible: float = 0.5  # fraction of the object
    iou: float = 0.5

    def evaluated(self, truth: FrameTruth) -> NDArray[np.bool_]:
        """(N,) which objects of ``truth`` are evaluated; all others are ignored."""
        heights = truth.boxes[:, 3] - truth.boxes[:, 1]
        return np.asarray((heights >= self.min_height) & (truth.visible >= self.min_visible))


@dataclass(frozen=True, slots=True)
class Matches:
    """Detections of a group of classes over many frames, without the ignored ones."""

    confidence: NDArray[np.float64]  # (D,)
    correct: NDArray[np.bool_]  # (D,)
    frame: NDArray[np.int64]  # (D,)
    matched_confidence: NDArray[
        np.float64
    ]  # (G,) confidence of each evaluated object's match, −1 without a match
    distance: NDArray[np.float64]  # (G,) of the evaluated objects [m]


def iou_matrix(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intersection over union of boxes ``(N, 4)`` and ``(M, 4)``: ``(N, M)``."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    inter = np.prod(np.clip(high - low, 0.0, None), axis=2)
    area_first = np.prod(first[:, 2:] - first[:, :2], axis=1)
    area_second = np.prod(second[:, 2:] - second[:, :2], axis=1)
    union = area_first[:, None] + area_second[None, :] - inter
    return np.asarray(inter / np.maximum(union, 1e-9), dtype=np.float64)


def match_frame(
    detections: Sequence[Detection], truth: FrameTruth, group: frozenset[ObjectClass], criteria: Criteria
) -> tuple[list[tuple[float, bool]], NDArray[np.float64], NDArray[np.float64]]:
    """Match the detections of one frame with its objects.

    Returns (confidence, correct) of each counted detection; and for each evaluated object the confidence of
    its match (−1 without a match) and its distance [m].
    """
    in_group = np.isin(truth.labels, [int(label) for label in group])
    evaluated = criteria.evaluated(truth)[in_group]
    matched_confidence = np.full(len(evaluated), -1.0)
    taken = np.zeros(len(evaluated), dtype=bool)
    candidates = sorted((d for d in detections if d.label in group), key=lambda d: -d.confidence)
    overlaps = iou_matrix(np.array([d.box for d in candidates]).reshape(-1, 4), truth.boxes[in_group])
    counted: list[tuple[float, bool]] = []
    for detection, row in zip(candidates, overlaps, strict=True):
        # evaluated objects first, as in COCO: an ignored one never takes a detection from them
        choices = (np.where(taken | ~evaluated, -1.0, row), np.where(evaluated, -1.0, row))
        best = next((int(c.argmax()) for c in choices if c.size and c.max() >= criteria.iou), -1)
        if best >= 0 and evaluated[best]:
            taken[best], matched_confidence[best] = True, detection.confidence
            counted.append((detection.confidence, True))
        elif best < 0 and detection.box[3] - detection.box[1] >= criteria.min_height:
            counted.append((detection.confidence, False))
    return counted, matched_confidence[evaluated], truth.distance[in_group][evaluated].astype(np.float64)


def match_frames(
    detections: Sequence[Sequence[Detection]],
    truths: Sequence[FrameTruth],
    group: frozenset[ObjectClass],
    criteria: Criteria,
) -> Matches:
    """`match_frame` over many frames."""
    rows: list[tuple[float, bool, int]] = []
    confidences: list[NDArray[np.float64]] = [np.zeros(0)]
    distances: list[NDArray[np.float64]] = [np.zeros(0)]
    for index, (in_frame, truth) in enumerate(zip(detections, truths, strict=True)):
        counted, matched_confidence, distance = match_frame(in_frame, truth, group, criteria)
        rows += [(confidence, correct, index) for confidence, correct in counted]
        confidences.append(matched_confidence)
        distances.append(distance)
    return Matches(
        confidence=np.array([row[0] for row in rows], dtype=np.float64),
        correct=np.array([row[1] for row in rows], dtype=bool),
        frame=np.array([row[2] for row in rows], dtype=np.int64),
        matched_confidence=np.concatenate(confidences),
        distance=np.concatenate(distances),
    )


def precision_recall(matches: Matches) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall and interpolated precision (D,) in order of falling confidence.

    Interpolated: the greatest precision at this recall or a greater one.
    """
    order = np.argsort(-matches.confidence, kind="stable")
    true_positives = np.cumsum(matches.correct[order])
    precision = true_positives / np.arange(1, len(order) + 1)
    recall = true_positives / max(len(matches.matched_confidence), 1)
    return recall, np.maximum.accumulate(precision[::-1])[::-1]


def average_precision(matches: Matches) -> float:
    """Area under the interpolated precision-recall curve (all points, as in VOC 2010).

    NaN where there are no evaluated objects.
    """
    if len(matches.matched_confidence) == 0:
        return float("nan")
    recall, envelope = precision_recall(matches)
    return float(np.sum(np.diff(recall, prepend=0.0) * envelope))


def recall_at(matches: Matches, confidence: float) -> float:
    """Fraction of the evaluated objects matched at ``confidence`` or above; NaN where there are none."""
    return (
        float(np.mean(matches.matched_confidence >= confidence))
        if len(matches.matched_confidence)
        else float("nan")
    )


def precision_at(matches: Matches, confidence: float) -> float:
    """Fraction of the detections at ``confidence`` or above that are correct; NaN where there are none."""
    selected = matches.confidence >= confidence
    return float(matches.correct[selected].mean()) if selected.any() else float("nan")


def false_positives_at(matches: Matches, confidence: float, frames: int) -> float:
    """False positives per frame at ``confidence`` or above."""
    return float(np.sum((matches.confidence >= confidence) & ~matches.correct)) / max(frames, 1)
