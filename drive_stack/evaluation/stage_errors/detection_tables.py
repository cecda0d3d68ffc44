"""Tables of detections in the image: by class and distance, by weather and light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.detection.classes import GROUPS, REPORTED
from drive_stack.evaluation.detection.metrics import Criteria, Matches, average_precision, match_frames
from drive_stack.evaluation.stage_errors.detection import DetectionSample
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements
from drive_stack.evaluation.stage_errors.tables import (
    CLASS,
    DISTANCE,
    DISTANCES,
    MIN_SAMPLES,
    Cell,
    StageTable,
)

_CRITERIA = Criteria()
_NOTE = (
    f"Only objects that are at least {_CRITERIA.min_height:.0f} px high and "
    f"{100 * _CRITERIA.min_visible:.0f} % visible count. The driver discards detections below its confidence "
    "threshold, so AP50 cannot exceed the recall that it reaches."
)


def detection_table(episodes: Sequence[EpisodeMeasurements]) -> StageTable:
    """AP50, precision and recall of each class, and its recall by distance."""
    samples = [sample for episode in episodes for sample in episode.detections]
    rows: list[tuple[Cell, ...]] = []
    for group in GROUPS:
        matches = _match(samples, group)
        if len(matches.matched_confidence) < MIN_SAMPLES:
            continue
        detected = matches.matched_confidence >= 0.0
        precision = 100 * float(matches.correct.mean()) if len(matches.correct) else None
        name = group.replace("_", " ")
        rows.append(
            (name, "all", len(detected), 100 * average_precision(matches), precision, _recall(detected))
        )
        for low, high in DISTANCES:
            in_bin = (matches.distance >= low) & (matches.distance < high)
            if np.count_nonzero(in_bin) >= MIN_SAMPLES:
                rows.append(
                    (name, f"{low:.0f}–{high:.0f}", int(in_bin.sum()), None, None, _recall(detected[in_bin]))
                )
    return StageTable(
        "Detection",
        _NOTE,
        (CLASS, DISTANCE, "objects", "AP50 [%]", "precision [%]", "recall [%]"),
        tuple(rows),
    )


def detection_conditions_table(episodes: Sequence[EpisodeMeasurements]) -> StageTable:
    """AP50 of each class by weather and by light."""
    rows: list[tuple[Cell, ...]] = []
    for condition in ("weather", "light"):
        for value in sorted({getattr(episode, condition) for episode in episodes}):
            samples = [
                sample
                for episode in episodes
                if getattr(episode, condition) == value
                for sample in episode.detections
            ]
            rows.append((value, len(samples), *(_average_precision(samples, group) for group in REPORTED)))
    return StageTable(
        "Detection by weather and light",
        f"AP50 [%] of each class. {_NOTE}",
        ("weather or light", "frames", *REPORTED),
        tuple(row for row in rows if row[1]),
    )


def _recall(detected: NDArray[np.bool_]) -> float:
    return 100 * float(detected.mean())


def _average_precision(samples: Sequence[DetectionSample], group: str) -> float | None:
    matches = _match(samples, group)
    return 100 * average_precision(matches) if len(matches.matched_confidence) >= MIN_SAMPLES else None


def _match(samples: Sequence[DetectionSample], group: str) -> Matches:
    detections = [sample.detections for sample in samples]
    return match_frames(detections, [sample.truth for sample in samples], GROUPS[group], _CRITERIA)
