"""Scores of a detector on recorded frames, by class, distance, weather, light and scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.datasets.frames.store import StoredFrame
from drive_stack.evaluation.detection.classes import GROUPS, REPORTED
from drive_stack.evaluation.detection.metrics import (
    Criteria,
    Matches,
    average_precision,
    false_positives_at,
    match_frames,
    precision_at,
    recall_at,
)
from drive_stack.interfaces import Detector
from drive_stack.learning.detector.card_fields import Ap50Row, ClassScores, Recall, RecallUpTo, Scores
from drive_stack.perception.confidence_thresholds import ConfidenceThresholds
from drive_stack.types import Detection, FloatArray, ObjectClass
from drive_stack.world_state import Weather

DISTANCES = (0.0, 20.0, 40.0, 60.0, 80.0, 120.0)  # lower limits of the distance bands [m]

RECALL_TOLERANCE = 0.005  # loss of mean recall accepted for evenly distributed false positives
LOW_CONFIDENCES = ConfidenceThresholds.uniform(0.02)  # thresholds for evaluation over all confidences
MAX_DISTANCE = {"vehicles": 80.0, "pedestrian": 50.0}  # for the recall in clear weather [m]


@dataclass(frozen=True, slots=True)
class DetectionResults:
    """Frames with the detections in each."""

    frames: Sequence[StoredFrame]
    detections: Sequence[tuple[Detection, ...]]

    def where(self, condition: Callable[[StoredFrame], bool]) -> DetectionResults:
        """Select the frames that meet ``condition``."""
        rows = [index for index, frame in enumerate(self.frames) if condition(frame)]
        return DetectionResults([self.frames[row] for row in rows], [self.detections[row] for row in rows])

    def matches(self, group: frozenset[ObjectClass], criteria: Criteria) -> Matches:
        """Match the detections of a group of classes with the truth."""
        return match_frames(self.detections, [frame.truth for frame in self.frames], group, criteria)


def run_detector(detector: Detector, frames: Sequence[StoredFrame]) -> DetectionResults:
    """Detect objects in all frames. Use a low threshold to get the precision at every recall."""
    return DetectionResults(frames, [detector.detect(frame.image()) for frame in frames])


def choose_confidences(
    results: DetectionResults, criteria: Criteria, max_false_positives: float
) -> ConfidenceThresholds:
    """Choose one threshold per class group, in steps of 0.01, with the highest mean recall.

    At most ``max_false_positives`` false positives a frame are allowed in total. Many thresholds have nearly
    the same recall, so the maximum alone would be decided by noise. Among those within `RECALL_TOLERANCE` of
    the maximum, this takes the one whose worst group has the fewest false positives.
    """
    levels = np.arange(20, 81) / 100.0
    false_positives, recall = np.zeros((2, len(REPORTED), len(levels)))
    for row, name in enumerate(REPORTED):
        matches = results.matches(GROUPS[name], criteria)
        false_positives[row] = [false_positives_at(matches, level, len(results.frames)) for level in levels]
        recall[row] = np.nan_to_num([recall_at(matches, level) for level in levels])
    is_allowed = _sums(false_positives) <= max_false_positives + 1e-9
    if not is_allowed.any():
        return ConfidenceThresholds.uniform(float(levels[-1]))
    total_recall = np.where(is_allowed, _sums(recall), -1.0)
    is_good = total_recall >= total_recall.max() - RECALL_TOLERANCE * len(REPORTED)
    first, second, third = false_positives
    worst = np.maximum(np.maximum(first[:, None, None], second[None, :, None]), third[None, None, :])
    cost = np.where(is_good, worst - 1e-6 * total_recall, np.inf)
    best = np.unravel_index(cost.argmin(), is_good.shape)
    return ConfidenceThresholds(**{name: float(levels[at]) for name, at in zip(REPORTED, best, strict=True)})


def _sums(values: FloatArray) -> FloatArray:
    """All sums of one value from each of the three rows, shape (L, L, L)."""
    first, second, third = values
    return np.asarray(first[:, None, None] + second[:, None] + third)


def compute_scores(
    results: DetectionResults, confidences: ConfidenceThresholds, criteria: Criteria | None = None
) -> Scores:
    """Compute all scores of a card as JSON values; recall and precision are those at ``confidences``."""
    criteria = criteria or Criteria()
    matches = {name: results.matches(group, criteria) for name, group in GROUPS.items()}
    thresholds = {name: confidences.threshold(min(group)) for name, group in GROUPS.items()}
    false_positives = sum(
        false_positives_at(matches[name], thresholds[name], len(results.frames)) for name in REPORTED
    )
    classes: dict[str, ClassScores] = {
        name: {
            "objects": len(matched.matched_confidence),
            "ap50": _rounded(average_precision(matched)),
            "recall": _rounded(recall_at(matched, thresholds[name])),
            "precision": _rounded(precision_at(matched, thresholds[name])),
        }
        for name, matched in matches.items()
    }
    return {
        "criteria": {
            "min_height_px": criteria.min_height,
            "min_visible": criteria.min_visible,
            "iou": criteria.iou,
            "confidence": confidences.model_dump(),
        },
        "classes": classes,
        "false_positives_per_frame": _rounded(false_positives),
        "recall_in_clear_weather": {
            name: _recall_within(results, name, distance, thresholds[name], criteria)
            for name, distance in MAX_DISTANCE.items()
        },
        "recall_by_distance_m": {
            name: _recall_by_distance(matches[name], thresholds[name]) for name in REPORTED
        },
        "ap50_by_weather": _ap50_by(results, criteria, lambda frame: frame.episode.weather),
        "ap50_by_light": _ap50_by(results, criteria, lambda frame: frame.episode.light),
        "ap50_by_scenario": _ap50_by(results, criteria, lambda frame: frame.episode.scenario),
    }


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def _recall_within(
    results: DetectionResults, name: str, max_distance: float, confidence: float, criteria: Criteria
) -> RecallUpTo:
    """Recall of a class group in clear weather, at all times of day, up to ``max_distance`` [m]."""
    clear = results.where(lambda frame: frame.episode.weather == Weather.CLEAR)
    matches = clear.matches(GROUPS[name], criteria)
    near = matches.matched_confidence[matches.distance <= max_distance]
    recall = float(np.mean(near >= confidence)) if len(near) else float("nan")
    return {"up_to_m": max_distance, "objects": len(near), "recall": _rounded(recall)}


def _recall_by_distance(matches: Matches, confidence: float) -> dict[str, Recall]:
    bands: dict[str, Recall] = {}
    for low, high in zip(DISTANCES, (*DISTANCES[1:], np.inf), strict=True):
        in_band = (matches.distance >= low) & (matches.distance < high)
        name = f"{low:.0f}–{high:.0f}" if np.isfinite(high) else f"over {low:.0f}"
        detected = matches.matched_confidence[in_band] >= confidence
        recall = float(np.mean(detected)) if in_band.any() else float("nan")
        bands[name] = {"objects": int(in_band.sum()), "recall": _rounded(recall)}
    return bands


def _ap50_by(
    results: DetectionResults, criteria: Criteria, key: Callable[[StoredFrame], str]
) -> dict[str, Ap50Row]:
    values: Iterable[str] = sorted({key(frame) for frame in results.frames})
    table: dict[str, Ap50Row] = {}
    for value in values:
        part = results.where(lambda frame, value=value: key(frame) == value)  # type: ignore[misc]
        row: Ap50Row = {"frames": len(part.frames)}
        for name in REPORTED:
            row[name] = _rounded(average_precision(part.matches(GROUPS[name], criteria)))
        table[value] = row
    return table
