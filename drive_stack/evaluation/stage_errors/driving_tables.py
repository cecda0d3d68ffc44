"""Tables of what is foretold, of how the plan is followed, and of time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from drive_stack.evaluation.stage_errors.observer import EpisodeMeasure
from drive_stack.evaluation.stage_errors.plan_following import LATER
from drive_stack.evaluation.stage_errors.prediction import HORIZONS
from drive_stack.evaluation.stage_errors.tables import (
    LEAST,
    Cell,
    Summary,
    median,
    name_of,
    ninety,
)
from drive_stack.types import ObjectClass


def prediction(episodes: Sequence[EpisodeMeasure]) -> Summary:
    """Displacement errors by class and horizon."""
    samples = list(chain.from_iterable(episode.predictions for episode in episodes))
    rows: list[tuple[Cell, ...]] = []
    for label in (ObjectClass.CAR, ObjectClass.LARGE_VEHICLE, ObjectClass.PEDESTRIAN):
        for horizon in HORIZONS:
            mine = [s for s in samples if s.label is label and s.horizon == horizon]
            if len(mine) < LEAST:
                continue
            likeliest = [s.likeliest for s in mine]
            briers = [
                sum((p - (k == s.came)) ** 2 for k, p in enumerate(s.probabilities))
                for s in mine
                if s.came is not None
            ]
            rows.append(
                (
                    name_of(label),
                    horizon,
                    len(mine),
                    median(likeliest),
                    ninety(likeliest),
                    median([s.closest for s in mine]),
                    median([s.motion for s in mine]),
                    len(briers),
                    float(np.mean(briers)) if briers else None,
                )
            )
    return Summary(
        "Prediction",
        "Distance between where an actor was foretold to be and where it was, the track's own error "
        "included; motion: without it. Brier: of the hypotheses' probabilities, where their ends lie "
        "1 m apart (0 best; 0.5 for two at even odds).",
        (
            "class",
            "after s",
            "n",
            "likeliest median m",
            "likeliest 90 % m",
            "closest median m",
            "motion median m",
            "n told apart",
            "Brier",
        ),
        tuple(rows),
    )


def control(episodes: Sequence[EpisodeMeasure]) -> Summary:
    """The car against its plans."""
    samples = list(chain.from_iterable(episode.control for episode in episodes))
    rows: list[tuple[Cell, ...]] = []
    for after in LATER:
        mine = [s for s in samples if s.after == after]
        if mine:
            lateral, speed = [abs(s.lateral) for s in mine], [abs(s.speed) for s in mine]
            rows.append((after, len(mine), median(lateral), ninety(lateral), median(speed), ninety(speed)))
    return Summary(
        "Control",
        "Where the car was a moment after a plan, against that plan; it has been planned anew meanwhile.",
        ("after s", "n", "lateral median m", "lateral 90 % m", "speed median m/s", "speed 90 % m/s"),
        tuple(rows),
    )


def times(episodes: Sequence[EpisodeMeasure]) -> Summary:
    """Milliseconds of each stage."""
    stages = dict.fromkeys(stage for episode in episodes for stage in episode.stage_ms)
    rows: list[tuple[Cell, ...]] = []
    for stage in stages:
        values = list(chain.from_iterable(episode.stage_ms.get(stage, ()) for episode in episodes))
        rows.append((stage, len(values), median(values), ninety(values), float(max(values))))
    return Summary(
        "Time",
        "By the clock, on this machine as loaded as it was.",
        ("stage", "n", "median ms", "90 % ms", "most ms"),
        tuple(rows),
    )
