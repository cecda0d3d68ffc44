"""Tables of lifted detections and of the lane estimate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from drive_stack.evaluation.stage_errors.lanes import AHEAD_DISTANCES, LaneSample
from drive_stack.evaluation.stage_errors.lifting import LiftingSample
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements
from drive_stack.evaluation.stage_errors.tables import (
    CLASS,
    DISTANCE,
    DISTANCES,
    MIN_SAMPLES,
    RANGE_ERROR_MEDIAN,
    Cell,
    StageTable,
    median,
    percentile_90,
)
from drive_stack.objects.classes import class_name
from drive_stack.types import ObjectClass


def lifting_table(episodes: Sequence[EpisodeMeasurements]) -> StageTable:
    """Range and transverse errors of lifted detections by class and distance."""
    samples = list(chain.from_iterable(episode.lifting for episode in episodes))
    bins = ((0.0, 60.0), *DISTANCES)
    rows = []
    for label in (None, *ObjectClass):
        for low, high in bins:
            selected = [s for s in samples if label in (None, s.label) and low <= s.distance < high]
            if len(selected) >= MIN_SAMPLES:
                name = "all" if label is None else class_name(label)
                rows.append((name, f"{low:.0f}–{high:.0f}", *_lifting_cells(selected)))
    return StageTable(
        "Lifting",
        "Position on the ground, computed from each single detection. A detection belongs to the label "
        "that its box overlaps by at least half (IoU). The compared point is the nearer end of a vehicle and "
        "the centre of any other object. Bias: positive where objects appear too far away. Within 1 σ and 2 "
        "σ: fraction of range errors within the stated standard deviation (0.68 and 0.95 where it is "
        "correct). NSE: mean normalised squared error (1 where the stated covariance is correct).",
        (
            CLASS,
            DISTANCE,
            "detections",
            RANGE_ERROR_MEDIAN,
            "range error: 90th percentile [%]",
            "range bias: median [%]",
            "transverse error: median [m]",
            "transverse error: 90th percentile [m]",
            "within 1 σ",
            "within 2 σ",
            "NSE",
        ),
        tuple(rows),
    )


def _lifting_cells(samples: Sequence[LiftingSample]) -> tuple[Cell, ...]:
    range_errors = [100.0 * abs(s.range_error) for s in samples]
    transverse = [abs(s.transverse_error) for s in samples]
    sigmas = np.array([abs(s.range_error) / s.range_sigma for s in samples])
    return (
        len(samples),
        median(range_errors),
        percentile_90(range_errors),
        100.0 * median([s.range_error for s in samples]),
        median(transverse),
        percentile_90(transverse),
        float(np.mean(sigmas <= 1.0)),
        float(np.mean(sigmas <= 2.0)),
        float(np.mean([s.normalised_square for s in samples])),
    )


def lane_table(episodes: Sequence[EpisodeMeasurements]) -> StageTable:
    """Errors of the lane estimate by scenario."""
    rows: list[tuple[Cell, ...]] = []
    for scenario in ("all", *dict.fromkeys(episode.scenario for episode in episodes)):
        selected = [
            sample
            for episode in episodes
            if scenario in ("all", episode.scenario)
            for sample in episode.lanes
        ]
        if selected:
            rows.append((scenario, *_lane_cells(selected)))
    return StageTable(
        "Lane estimate",
        "The filtered estimate that the driver used in closed loop. Correct lane: fraction of steps in which "
        "the estimate refers to the lane that the car is in; the errors are of these steps. Centre line: "
        "lateral error of the estimated lane centre at the given distance ahead. Enterable correct: fraction "
        "of correct answers to whether an adjacent lane may be entered.",
        (
            "scenario",
            "steps",
            "correct lane [%]",
            "lateral error: median [m]",
            "lateral error: 90th percentile [m]",
            "heading error: median [°]",
            "heading error: 90th percentile [°]",
            *(f"centre line {x:.0f} m ahead: median [m]" for x in AHEAD_DISTANCES),
            "enterable correct [%]",
        ),
        tuple(rows),
    )


def _lane_cells(samples: Sequence[LaneSample]) -> tuple[Cell, ...]:
    correct = [s for s in samples if s.correct_lane]
    offset = [abs(s.offset_error) for s in correct]
    heading = np.degrees([abs(s.heading_error) for s in correct]).tolist()
    ahead = [
        [abs(s.ahead_errors[k]) for s in correct if np.isfinite(s.ahead_errors[k])]
        for k in range(len(AHEAD_DISTANCES))
    ]
    enterable = [is_correct for s in correct for is_correct in s.enterable_correct]
    return (
        len(samples),
        100 * float(np.mean([s.correct_lane for s in samples])),
        median(offset),
        percentile_90(offset),
        median(heading),
        percentile_90(heading),
        *(median(values) for values in ahead),
        100 * float(np.mean(enterable)) if enterable else None,
    )
