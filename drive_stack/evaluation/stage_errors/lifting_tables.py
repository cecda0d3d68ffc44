"""Tables of what is seen: single detections placed on the road, and the lanes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from drive_stack.evaluation.stage_errors.lanes import AHEAD
from drive_stack.evaluation.stage_errors.lifting import LiftingSample
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasure
from drive_stack.evaluation.stage_errors.tables import (
    DISTANCES,
    LEAST,
    Cell,
    Summary,
    median,
    name_of,
    ninety,
)
from drive_stack.types import ObjectClass


def lifting(episodes: Sequence[EpisodeMeasure]) -> Summary:
    """Range and lateral errors of single detections."""
    samples = list(chain.from_iterable(episode.lifting for episode in episodes))
    bar = ((0.0, 60.0), *DISTANCES)
    rows = []
    for label in (None, *ObjectClass):
        for low, high in bar:
            mine = [s for s in samples if label in (None, s.label) and low <= s.distance < high]
            if len(mine) >= LEAST:
                rows.append(
                    ("all" if label is None else name_of(label), f"{low:.0f}–{high:.0f}", *_lift(mine))
                )
    return Summary(
        "Lifting",
        "Each detection with the label it overlaps by half; the nearer end of a vehicle with its true "
        "length, the middle of all else. In σ: share of range errors within 1 and 2 stated standard "
        "deviations (0.68 and 0.95 where right); nse: mean normalised squared error (1 where right).",
        (
            "class",
            "distance m",
            "n",
            "range median %",
            "range 90 %",
            "bias %",
            "across median m",
            "across 90 % m",
            "in 1σ",
            "in 2σ",
            "nse",
        ),
        tuple(rows),
    )


def _lift(mine: Sequence[LiftingSample]) -> tuple[Cell, ...]:
    wrong = [100.0 * abs(s.range_error) for s in mine]
    across = [abs(s.across_error) for s in mine]
    sigmas = np.array([abs(s.range_error) / s.range_sigma for s in mine])
    return (
        len(mine),
        median(wrong),
        ninety(wrong),
        100.0 * median([s.range_error for s in mine]),
        median(across),
        ninety(across),
        float(np.mean(sigmas <= 1.0)),
        float(np.mean(sigmas <= 2.0)),
        float(np.mean([s.normalised_square for s in mine])),
    )


def lanes(episodes: Sequence[EpisodeMeasure]) -> Summary:
    """Lanes by scenario."""
    rows: list[tuple[Cell, ...]] = []
    for scenario in ("all", *dict.fromkeys(episode.scenario for episode in episodes)):
        mine = [s for e in episodes if scenario in ("all", e.scenario) for s in e.lanes]
        if not mine:
            continue
        inside = [s for s in mine if s.right_lane]
        offset, turn = [abs(s.offset_error) for s in inside], [abs(s.heading_error) for s in inside]
        ahead = [
            [abs(s.ahead_error[k]) for s in inside if np.isfinite(s.ahead_error[k])]
            for k in range(len(AHEAD))
        ]
        known = [share for s in inside for share in s.enterable_right]
        rows.append(
            (
                scenario,
                len(mine),
                100 * float(np.mean([s.right_lane for s in mine])),
                median(offset),
                ninety(offset),
                median(np.degrees(turn).tolist()),
                ninety(np.degrees(turn).tolist()),
                *(median(values) for values in ahead),
                100 * float(np.mean(known)) if known else None,
            )
        )
    return Summary(
        "Lanes, as driven by",
        "Filtered, closed loop. Ego lane: share of steps in which the lane meant is the one the car is in.",
        (
            "scenario",
            "n",
            "ego lane %",
            "lateral median m",
            "lateral 90 % m",
            "heading median °",
            "heading 90 % °",
            *(f"{x:.0f} m ahead, m" for x in AHEAD),
            "enterable right %",
        ),
        tuple(rows),
    )
