"""Tables of prediction, of control and of computing time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements
from drive_stack.evaluation.stage_errors.plan_following import DELAYS
from drive_stack.evaluation.stage_errors.prediction import HORIZONS, PredictionSample
from drive_stack.evaluation.stage_errors.tables import (
    CLASS,
    MIN_SAMPLES,
    STAGE,
    Cell,
    StageTable,
    median,
    percentile_90,
)
from drive_stack.objects.classes import class_name
from drive_stack.types import ObjectClass


def prediction_table(episodes: Sequence[EpisodeMeasurements]) -> StageTable:
    """Displacement errors of predictions by class and horizon."""
    samples = list(chain.from_iterable(episode.predictions for episode in episodes))
    rows: list[tuple[Cell, ...]] = []
    for label in (ObjectClass.CAR, ObjectClass.LARGE_VEHICLE, ObjectClass.PEDESTRIAN):
        for horizon in HORIZONS:
            selected = [s for s in samples if s.label is label and s.horizon == horizon]
            if len(selected) >= MIN_SAMPLES:
                rows.append((class_name(label), horizon, *_prediction_cells(selected)))
    return StageTable(
        "Prediction",
        "Distance between the predicted and the true position of an actor after the horizon. It includes the "
        "track's own position error, except in the column 'motion only', which compares the predicted "
        "displacement with the true one. Brier score of the hypotheses' probabilities (0 is best, 0.5 is a "
        "guess between two): only where all hypotheses end at least 1 m apart.",
        (
            CLASS,
            "horizon [s]",
            "samples",
            "most probable hypothesis: median [m]",
            "most probable hypothesis: 90th percentile [m]",
            "closest hypothesis: median [m]",
            "motion only: median [m]",
            "samples with distinct hypotheses",
            "Brier score",
        ),
        tuple(rows),
    )


def _prediction_cells(samples: Sequence[PredictionSample]) -> tuple[Cell, ...]:
    errors = [s.most_probable_error for s in samples]
    briers = [
        sum((p - (k == s.closest)) ** 2 for k, p in enumerate(s.probabilities))
        for s in samples
        if s.closest is not None
    ]
    return (
        len(samples),
        median(errors),
        percentile_90(errors),
        median([s.min_error for s in samples]),
        median([s.motion_error for s in samples]),
        len(briers),
        float(np.mean(briers)) if briers else None,
    )


def control_table(episodes: Sequence[EpisodeMeasurements]) -> StageTable:
    """How far the car is from its earlier plans."""
    samples = list(chain.from_iterable(episode.control for episode in episodes))
    rows: list[tuple[Cell, ...]] = []
    for delay in DELAYS:
        selected = [s for s in samples if s.delay == delay]
        if selected:
            lateral, speed = [abs(s.lateral) for s in selected], [abs(s.speed) for s in selected]
            rows.append(
                (
                    delay,
                    len(selected),
                    median(lateral),
                    percentile_90(lateral),
                    median(speed),
                    percentile_90(speed),
                )
            )
    return StageTable(
        "Control",
        "Difference between the car's state and what a plan made a moment earlier had intended for that "
        "time. The driver plans anew in every step, so this includes changes of the plan.",
        (
            "age of the plan [s]",
            "samples",
            "lateral error: median [m]",
            "lateral error: 90th percentile [m]",
            "speed error: median [m/s]",
            "speed error: 90th percentile [m/s]",
        ),
        tuple(rows),
    )


def timing_table(episodes: Sequence[EpisodeMeasurements]) -> StageTable:
    """Computing time of each stage."""
    stages = dict.fromkeys(stage for episode in episodes for stage in episode.stage_ms)
    rows: list[tuple[Cell, ...]] = []
    for stage in stages:
        values = list(chain.from_iterable(episode.stage_ms.get(stage, ()) for episode in episodes))
        rows.append((stage, len(values), median(values), percentile_90(values), float(max(values))))
    return StageTable(
        "Computing time",
        "Wall-clock time of each stage in one step, on this machine under its load during the run.",
        (STAGE, "steps", "median [ms]", "90th percentile [ms]", "maximum [ms]"),
        tuple(rows),
    )
