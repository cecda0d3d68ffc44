"""Tables of what was measured: one function a stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from drive_stack.evaluation.perception.following import LATER
from drive_stack.evaluation.perception.identity import combine
from drive_stack.evaluation.perception.lanes import AHEAD
from drive_stack.evaluation.perception.lifting import LiftingSample
from drive_stack.evaluation.perception.objects import Group
from drive_stack.evaluation.perception.observer import EpisodeMeasure
from drive_stack.evaluation.perception.prediction import HORIZONS
from drive_stack.evaluation.perception.tracks import TrackSample
from drive_stack.types import ObjectClass

Cell = str | float | int | None

DISTANCES = ((0.0, 20.0), (20.0, 40.0), (40.0, 60.0), (60.0, 80.0), (80.0, 120.0), (120.0, 250.0))  # [m]
AGES = ((0.0, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, float("inf")))  # [s]
STANDS = 0.5  # [m/s]
LEAST = 10  # samples below which a row is not told


@dataclass(frozen=True, slots=True)
class Summary:
    """One table."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def summaries(episodes: Sequence[EpisodeMeasure]) -> list[Summary]:
    """All tables, from image to control."""
    makers: tuple[Callable[[Sequence[EpisodeMeasure]], Summary], ...] = (
        lifting,
        following,
        positions,
        velocities,
        lanes,
        prediction,
        control,
        times,
    )
    return [make(episodes) for make in makers]


def name_of(label: ObjectClass) -> str:
    """In words."""
    return label.name.lower().replace("_", " ")


def median(values: Sequence[float]) -> float:
    """NaN where there are none."""
    return float(np.median(values)) if len(values) else float("nan")


def ninety(values: Sequence[float]) -> float:
    """The 90th percentile; NaN where there are none."""
    return float(np.percentile(values, 90)) if len(values) else float("nan")


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


def age_name(low: float, high: float) -> str:
    """A span of ages in words."""
    return f"> {low:g}" if np.isinf(high) else f"{low:g}–{high:g}"


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
