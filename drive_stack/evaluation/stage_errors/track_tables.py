"""Tables of tracks: who is who, where, and how fast."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from drive_stack.evaluation.stage_errors.identity import combine
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasure
from drive_stack.evaluation.stage_errors.tables import (
    AGES,
    DISTANCES,
    LEAST,
    STANDS,
    Cell,
    Summary,
    age_name,
    median,
    name_of,
    ninety,
)
from drive_stack.evaluation.stage_errors.tracks import TrackSample
from drive_stack.evaluation.stage_errors.true_objects import Group
from drive_stack.types import ObjectClass


def following(episodes: Sequence[EpisodeMeasure]) -> Summary:
    """HOTA, IDF1 and MOTA by group, and of vehicles by scenario."""
    rows: list[tuple[Cell, ...]] = []
    parts = [(str(group), group, list(episodes)) for group in Group]
    for scenario in dict.fromkeys(episode.scenario for episode in episodes):
        mine = [episode for episode in episodes if episode.scenario == scenario]
        parts.append((f"vehicles, {scenario}", Group.VEHICLES, mine))
    for name, group, mine in parts:
        scores = combine([episode.identity[group] for episode in mine])
        if scores.objects:
            rows.append(
                (
                    name,
                    scores.objects,
                    100 * scores.hota,
                    100 * scores.detection,
                    100 * scores.association,
                    100 * scores.idf1,
                    100 * scores.mota,
                    100 * scores.recall,
                    scores.switches,
                    scores.false_per_frame,
                )
            )
    return Summary(
        "Tracking: who is who",
        "TrackEval, places over the ground: similarity falls to a half at 2 m across the line of sight, or "
        "2 m + 10 % of the distance along it. Counted: within the view and 100 m, half visible now or within "
        "the last 2 s.",
        ("of", "objects", "HOTA", "DetA", "AssA", "IDF1", "MOTA", "recall %", "switches", "false a frame"),
        tuple(rows),
    )


def positions(episodes: Sequence[EpisodeMeasure]) -> Summary:
    """Places of tracks by class and distance."""
    samples = list(chain.from_iterable(episode.tracks for episode in episodes))
    rows: list[tuple[Cell, ...]] = []
    for label in ObjectClass:
        for low, high in DISTANCES:
            mine = [s for s in samples if s.label is label and low <= s.distance < high]
            if len(mine) >= LEAST:
                wrong, across = [100 * abs(s.range_error) for s in mine], [abs(s.across_error) for s in mine]
                rows.append(
                    (
                        name_of(label),
                        f"{low:.0f}–{high:.0f}",
                        len(mine),
                        median(wrong),
                        ninety(wrong),
                        median(across),
                        ninety(across),
                        median([s.velocity_error for s in mine]),
                        ninety([s.velocity_error for s in mine]),
                    )
                )
    return Summary(
        "Tracking: where, by distance",
        "Of the nearer end, coasting tracks included. Told by the box where it is seen, else by the place.",
        (
            "class",
            "distance m",
            "n",
            "range median %",
            "range 90 %",
            "across median m",
            "across 90 % m",
            "velocity median m/s",
            "velocity 90 % m/s",
        ),
        tuple(rows),
    )


def velocities(episodes: Sequence[EpisodeMeasure]) -> Summary:
    """Speeds of tracks by age: a young track that is wrong lets the car run into what stands."""
    samples = list(chain.from_iterable(episode.tracks for episode in episodes))
    rows: list[tuple[Cell, ...]] = []
    for label in (ObjectClass.CAR, ObjectClass.LARGE_VEHICLE, ObjectClass.PEDESTRIAN):
        for stands in (True, False):
            for low, high in AGES:
                mine = [
                    s
                    for s in samples
                    if s.label is label and (s.speed < STANDS) is stands and low <= s.age + 1e-9 < high
                ]
                if len(mine) >= LEAST:
                    rows.append(
                        (name_of(label), "stands" if stands else "moves", age_name(low, high), *_fast(mine))
                    )
    return Summary(
        "Tracking: how fast, by age",
        "Age since the first sighting. Bias: positive where it is thought faster than it is. NEES: "
        "normalised error squared of place and velocity, for each dimension (1 where the "
        "covariance is right).",
        (
            "class",
            "it",
            "age s",
            "n",
            "velocity median m/s",
            "velocity 90 % m/s",
            "bias m/s",
            "NEES median",
            "NEES mean",
        ),
        tuple(rows),
    )


def _fast(mine: Sequence[TrackSample]) -> tuple[Cell, ...]:
    wrong, squares = [s.velocity_error for s in mine], [s.normalised_square for s in mine]
    return (
        len(mine),
        median(wrong),
        ninety(wrong),
        median([s.speed_error for s in mine]),
        median(squares),
        float(np.mean(squares)),
    )
