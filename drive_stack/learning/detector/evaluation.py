"""How good a detector is on recorded frames, by class, distance, height, weather and scenario."""

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
from drive_stack.perception.confidences import Confidences
from drive_stack.types import Detection, FloatArray, ObjectClass
from drive_stack.world_state import Weather

DISTANCES = (0.0, 20.0, 40.0, 60.0, 80.0, 120.0)  # bands, as far as objects are judged at all [m]

GIVEN_UP = 0.005  # of the mean recall, for wrong detections that are spread evenly over the kinds
NEARLY_ALL = Confidences.all(0.02)  # at which a detector is run to be judged at any confidence
REACH = {"vehicles": 80.0, "pedestrian": 50.0}  # to which recall in clear weather is reported [m]


@dataclass(frozen=True, slots=True)
class Judged:
    """Frames with what the detector found in each."""

    frames: Sequence[StoredFrame]
    detections: Sequence[tuple[Detection, ...]]

    def where(self, keep: Callable[[StoredFrame], bool]) -> Judged:
        """The part whose frames pass ``keep``."""
        rows = [index for index, frame in enumerate(self.frames) if keep(frame)]
        return Judged([self.frames[row] for row in rows], [self.detections[row] for row in rows])

    def matches(self, group: frozenset[ObjectClass], criteria: Criteria) -> Matches:
        """Detections of a group of classes against the truth."""
        return match_frames(self.detections, [frame.truth for frame in self.frames], group, criteria)


def run_detector(detector: Detector, frames: Sequence[StoredFrame]) -> Judged:
    """Detect in every frame. The detector's threshold should be low, for precision at all recalls."""
    return Judged(frames, [detector.detect(frame.image()) for frame in frames])


def best_confidences(judged: Judged, criteria: Criteria, false_positives: float) -> Confidences:
    """Confidences (in steps of 0.01) with at most that many wrong detections a frame and the highest recall,
    averaged over the kinds. The best is flat, and chance alone would pick its ends: of those that come within
    `GIVEN_UP` of it, the ones at which no kind is wrong much oftener than the others."""
    levels = np.arange(20, 81) / 100.0
    wrong, recall = np.zeros((2, len(REPORTED), len(levels)))
    for row, name in enumerate(REPORTED):
        matches = judged.matches(GROUPS[name], criteria)
        wrong[row] = [false_positives_at(matches, level, len(judged.frames)) for level in levels]
        recall[row] = np.nan_to_num([recall_at(matches, level) for level in levels])
    allowed = _sums(wrong) <= false_positives + 1e-9
    if not allowed.any():
        return Confidences.all(float(levels[-1]))
    found = np.where(allowed, _sums(recall), -1.0)
    good = found >= found.max() - GIVEN_UP * len(REPORTED)
    most = np.maximum(np.maximum(wrong[0, :, None, None], wrong[1, None, :, None]), wrong[2, None, None, :])
    best = np.unravel_index(np.where(good, most - 1e-6 * found, np.inf).argmin(), good.shape)
    return Confidences(**{name: float(levels[at]) for name, at in zip(REPORTED, best, strict=True)})


def _sums(values: FloatArray) -> FloatArray:
    """Sums of one value of each of the three rows, ``(L, L, L)``."""
    first, second, third = values
    return np.asarray(first[:, None, None] + second[:, None] + third)


def evaluate(judged: Judged, confidences: Confidences, criteria: Criteria | None = None) -> dict[str, object]:
    """All figures of a card, as plain numbers; recall, precision and errors at ``confidences``."""
    rules = criteria or Criteria()
    matches = {name: judged.matches(group, rules) for name, group in GROUPS.items()}
    least = {name: confidences.of(min(group)) for name, group in GROUPS.items()}
    wrong = sum(false_positives_at(matches[name], least[name], len(judged.frames)) for name in REPORTED)
    classes = {
        name: {
            "objects": len(found.matched_confidence),
            "ap50": _rounded(average_precision(found)),
            "recall": _rounded(recall_at(found, least[name])),
            "precision": _rounded(precision_at(found, least[name])),
        }
        for name, found in matches.items()
    }
    return {
        "criteria": {
            "min_height_px": rules.min_height,
            "min_visible": rules.min_visible,
            "iou": rules.iou,
            "confidence": confidences.model_dump(),
        },
        "classes": classes,
        "false_positives_per_frame": _rounded(wrong),
        "recall_in_clear_weather": {
            name: {"up_to_m": reach, **_recall_within(judged, name, reach, least[name], rules)}
            for name, reach in REACH.items()
        },
        "recall_by_distance_m": {name: _recall_by_distance(matches[name], least[name]) for name in REPORTED},
        "ap50_by_weather": _by(judged, rules, lambda frame: frame.episode.weather),
        "ap50_by_light": _by(judged, rules, lambda frame: frame.episode.light),
        "ap50_by_scenario": _by(judged, rules, lambda frame: frame.episode.scenario),
    }


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def _recall_within(
    judged: Judged, name: str, reach: float, confidence: float, rules: Criteria
) -> dict[str, float | int | None]:
    """Recall in clear weather, by day and night, of what is judged and no farther than ``reach`` [m]."""
    clear = judged.where(lambda frame: frame.episode.weather == Weather.CLEAR)
    matches = clear.matches(GROUPS[name], rules)
    near = matches.matched_confidence[matches.distance <= reach]
    share = float(np.mean(near >= confidence)) if len(near) else float("nan")
    return {"objects": len(near), "recall": _rounded(share)}


def _recall_by_distance(matches: Matches, confidence: float) -> dict[str, dict[str, float | int | None]]:
    bands: dict[str, dict[str, float | int | None]] = {}
    for low, high in zip(DISTANCES, (*DISTANCES[1:], np.inf), strict=True):
        mine = (matches.distance >= low) & (matches.distance < high)
        name = f"{low:.0f}–{high:.0f}" if np.isfinite(high) else f"over {low:.0f}"
        share = float(np.mean(matches.matched_confidence[mine] >= confidence)) if mine.any() else float("nan")
        bands[name] = {"objects": int(mine.sum()), "recall": _rounded(share)}
    return bands


def _by(
    judged: Judged, rules: Criteria, key: Callable[[StoredFrame], str]
) -> dict[str, dict[str, float | int | None]]:
    values: Iterable[str] = sorted({key(frame) for frame in judged.frames})
    table: dict[str, dict[str, float | int | None]] = {}
    for value in values:
        part = judged.where(lambda frame, value=value: key(frame) == value)  # type: ignore[misc]
        row: dict[str, float | int | None] = {"frames": len(part.frames)}
        for name in REPORTED:
            row[name] = _rounded(average_precision(part.matches(GROUPS[name], rules)))
        table[value] = row
    return table
