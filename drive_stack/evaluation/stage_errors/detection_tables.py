"""Tables of what is found in the picture: by class and distance, by weather and light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.detection.classes import GROUPS, REPORTED
from drive_stack.evaluation.detection.metrics import Criteria, Matches, average_precision, match_frames
from drive_stack.evaluation.stage_errors.detection import DetectionSample
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasure
from drive_stack.evaluation.stage_errors.tables import DISTANCES, LEAST, Cell, Summary

_RULES = Criteria()
_JUDGED = (
    f"Judged are objects at least {_RULES.min_height:.0f} px high and "
    f"{100 * _RULES.min_visible:.0f} % visible. What the driver itself held for too uncertain does not "
    "count, so that AP50 ends at its recall."
)


def detection(episodes: Sequence[EpisodeMeasure]) -> Summary:
    """By class; recall by distance too."""
    samples = [sample for episode in episodes for sample in episode.detections]
    rows: list[tuple[Cell, ...]] = []
    for name in GROUPS:
        matches = _matches(samples, name)
        if len(matches.found_at) < LEAST:
            continue
        found = matches.found_at >= 0.0
        right = 100 * float(matches.correct.mean()) if len(matches.correct) else None
        words = name.replace("_", " ")
        rows.append((words, "all", len(found), 100 * average_precision(matches), right, _share(found)))
        for low, high in DISTANCES:
            mine = (matches.distance >= low) & (matches.distance < high)
            if np.count_nonzero(mine) >= LEAST:
                rows.append(
                    (words, f"{low:.0f}–{high:.0f}", int(mine.sum()), None, None, _share(found[mine]))
                )
    return Summary(
        "Detection",
        _JUDGED,
        ("class", "distance m", "n", "AP50 %", "precision %", "recall %"),
        tuple(rows),
    )


def detection_by_conditions(episodes: Sequence[EpisodeMeasure]) -> Summary:
    """AP50 by weather and by light."""
    rows: list[tuple[Cell, ...]] = []
    for name in ("weather", "light"):
        for value in sorted({getattr(episode, name) for episode in episodes}):
            samples = [s for one in episodes if getattr(one, name) == value for s in one.detections]
            rows.append((value, len(samples), *(_precision(samples, group) for group in REPORTED)))
    return Summary(
        "Detection by weather and light",
        "AP50 in %. " + _JUDGED,
        ("conditions", "frames", *REPORTED),
        tuple(row for row in rows if row[1]),
    )


def _share(found: NDArray[np.bool_]) -> float:
    return 100 * float(found.mean())


def _precision(samples: Sequence[DetectionSample], name: str) -> float | None:
    matches = _matches(samples, name)
    return 100 * average_precision(matches) if len(matches.found_at) >= LEAST else None


def _matches(samples: Sequence[DetectionSample], name: str) -> Matches:
    return match_frames([s.found for s in samples], [s.truth for s in samples], GROUPS[name], _RULES)
