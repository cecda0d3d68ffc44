"""How good detections are: average precision at IoU 0.5, recall, false positives.

Rules as in COCO: detections are matched in order of confidence, each to the best free object of
its class with IoU ≥ 0.5. Objects that are too small or too hidden to be judged are *ignored*: they
need not be found, and finding them is no error. An unmatched detection below the least height is
ignored too.
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
    """Which objects are judged, and when one is found."""

    min_height: float = 12.0  # [px]
    min_visible: float = 0.5
    iou: float = 0.5

    def judged(self, truth: FrameTruth) -> NDArray[np.bool_]:
        """Which rows of ``truth`` must be found."""
        heights = truth.boxes[:, 3] - truth.boxes[:, 1]
        return np.asarray((heights >= self.min_height) & (truth.visible >= self.min_visible))


@dataclass(frozen=True, slots=True)
class Matches:
    """Detections of a group of classes over many frames, without those ignored."""

    confidence: NDArray[np.float64]  # (D,)
    correct: NDArray[np.bool_]  # (D,)
    frame: NDArray[np.int64]  # (D,)
    found_at: NDArray[np.float64]  # (G,) confidence at which each judged object was found, −1 never
    distance: NDArray[np.float64]  # (G,) of the judged objects [m]


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
    """Match one frame: (confidence, correct) of each counted detection; for each judged object the
    confidence at which it was found (−1 never) and its distance [m]."""
    mine = np.isin(truth.labels, [int(label) for label in group])
    judged = criteria.judged(truth)[mine]
    found_at = np.full(len(judged), -1.0)
    taken = np.zeros(len(judged), dtype=bool)
    wanted = sorted((d for d in detections if d.label in group), key=lambda d: -d.confidence)
    overlaps = iou_matrix(np.array([d.box for d in wanted]).reshape(-1, 4), truth.boxes[mine])
    counted: list[tuple[float, bool]] = []
    for detection, row in zip(wanted, overlaps, strict=True):
        # judged objects first, as in COCO: an ignored one never takes a detection from them
        choices = (np.where(taken | ~judged, -1.0, row), np.where(judged, -1.0, row))
        best = next((int(c.argmax()) for c in choices if c.size and c.max() >= criteria.iou), -1)
        if best >= 0 and judged[best]:
            taken[best], found_at[best] = True, detection.confidence
            counted.append((detection.confidence, True))
        elif best < 0 and detection.box[3] - detection.box[1] >= criteria.min_height:
            counted.append((detection.confidence, False))
    return counted, found_at[judged], truth.distance[mine][judged].astype(np.float64)


def match_frames(
    detections: Sequence[Sequence[Detection]],
    truths: Sequence[FrameTruth],
    group: frozenset[ObjectClass],
    criteria: Criteria,
) -> Matches:
    """`match_frame` over many frames."""
    rows: list[tuple[float, bool, int]] = []
    found: list[NDArray[np.float64]] = [np.zeros(0)]
    distances: list[NDArray[np.float64]] = [np.zeros(0)]
    for index, (seen, truth) in enumerate(zip(detections, truths, strict=True)):
        counted, found_at, distance = match_frame(seen, truth, group, criteria)
        rows += [(confidence, correct, index) for confidence, correct in counted]
        found.append(found_at)
        distances.append(distance)
    return Matches(
        confidence=np.array([row[0] for row in rows], dtype=np.float64),
        correct=np.array([row[1] for row in rows], dtype=bool),
        frame=np.array([row[2] for row in rows], dtype=np.int64),
        found_at=np.concatenate(found),
        distance=np.concatenate(distances),
    )


def precision_recall(matches: Matches) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall and interpolated precision (D,) as the confidence falls: the best at that recall or beyond."""
    order = np.argsort(-matches.confidence, kind="stable")
    true_positives = np.cumsum(matches.correct[order])
    precision = true_positives / np.arange(1, len(order) + 1)
    recall = true_positives / max(len(matches.found_at), 1)
    return recall, np.maximum.accumulate(precision[::-1])[::-1]


def average_precision(matches: Matches) -> float:
    """Area under the interpolated precision-recall curve (all points, as in VOC 2010).

    NaN where there is nothing to find.
    """
    if len(matches.found_at) == 0:
        return float("nan")
    recall, envelope = precision_recall(matches)
    return float(np.sum(np.diff(recall, prepend=0.0) * envelope))


def recall_at(matches: Matches, confidence: float) -> float:
    """Share of the judged objects found at ``confidence`` or above; NaN where there are none."""
    return float(np.mean(matches.found_at >= confidence)) if len(matches.found_at) else float("nan")


def precision_at(matches: Matches, confidence: float) -> float:
    """Share of the detections at ``confidence`` or above that are right; NaN where there are none."""
    kept = matches.confidence >= confidence
    return float(matches.correct[kept].mean()) if kept.any() else float("nan")


def false_positives_at(matches: Matches, confidence: float, frames: int) -> float:
    """Wrong detections a frame at ``confidence`` or above."""
    return float(np.sum((matches.confidence >= confidence) & ~matches.correct)) / max(frames, 1)
