"""Tables of tracks: identities, positions and velocities."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from drive_stack.evaluation.stage_errors.identity import combine
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements
from drive_stack.evaluation.stage_errors.tables import (
    AGES,
    CLASS,
    DISTANCE,
    DISTANCES,
    MIN_SAMPLES,
    RANGE_ERROR_MEDIAN,
    STATIONARY_SPEED,
    Cell,
    StageTable,
    age_range,
    median,
    percentile_90,
)
from drive_stack.evaluation.stage_errors.tracks import TrackSample
from drive_stack.objects.classes import ClassGroup, class_name
from drive_stack.types import ObjectClass


def track_identity_table(episodes: Sequence[EpisodeMeasurements]) -> StageTable:
    """HOTA, IDF1 and MOTA by group, and of vehicles by scenario."""
    rows: list[tuple[Cell, ...]] = []
    parts = [(str(group), group, list(episodes)) for group in ClassGroup]
    for scenario in dict.fromkeys(episode.scenario for episode in episodes):
        selected = [episode for episode in episodes if episode.scenario == scenario]
        parts.append((f"vehicles, {scenario}", ClassGroup.VEHICLES, selected))
    for name, group, selected in parts:
        scores = combine([episode.identity[group] for episode in selected])
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
    return StageTable(
        "Tracking: identity",
        "Computed by TrackEval from positions on the ground. The similarity of a track and an object is "
        "0.5 at 2 m across the line of sight, or at 2 m + 10 % of the distance along it. An object counts "
        "where it is in the field of view, within 100 m, and at least half visible now or in the last 2 s.",
        (
            "objects of",
            "objects, over all frames",
            "HOTA [%]",
            "DetA [%]",
            "AssA [%]",
            "IDF1 [%]",
            "MOTA [%]",
            "recall [%]",
            "identity switches",
            "false tracks per frame",
        ),
        tuple(rows),
    )


def track_position_table(episodes: Sequence[EpisodeMeasurements]) -> StageTable:
    """Position and velocity errors of tracks by class and distance."""
    samples = list(chain.from_iterable(episode.tracks for episode in episodes))
    rows: list[tuple[Cell, ...]] = []
    for label in ObjectClass:
        for low, high in DISTANCES:
            selected = [s for s in samples if s.label is label and low <= s.distance < high]
            if len(selected) >= MIN_SAMPLES:
                rows.append((class_name(label), f"{low:.0f}–{high:.0f}", *_position_cells(selected)))
    return StageTable(
        "Tracking: position and velocity by distance",
        "Errors of the vehicle's nearer end, or of the centre of any other object; tracks that coast without "
        "a detection are included. A track belongs to the actor whose label its box matches, and without a "
        "box to the actor nearest to its position.",
        (
            CLASS,
            DISTANCE,
            "samples",
            RANGE_ERROR_MEDIAN,
            "range error: 90th percentile [%]",
            "transverse error: median [m]",
            "transverse error: 90th percentile [m]",
            "velocity error: median [m/s]",
            "velocity error: 90th percentile [m/s]",
        ),
        tuple(rows),
    )


def _position_cells(samples: Sequence[TrackSample]) -> tuple[Cell, ...]:
    range_errors = [100 * abs(s.range_error) for s in samples]
    transverse = [abs(s.transverse_error) for s in samples]
    velocity = [s.velocity_error for s in samples]
    return (
        len(samples),
        median(range_errors),
        percentile_90(range_errors),
        median(transverse),
        percentile_90(transverse),
        median(velocity),
        percentile_90(velocity),
    )


def track_velocity_table(episodes: Sequence[EpisodeMeasurements]) -> StageTable:
    """Velocity errors by age of the track.

    A young track with a wrong velocity lets the car drive into a stationary vehicle.
    """
    samples = list(chain.from_iterable(episode.tracks for episode in episodes))
    rows: list[tuple[Cell, ...]] = []
    for label in (ObjectClass.CAR, ObjectClass.LARGE_VEHICLE, ObjectClass.PEDESTRIAN):
        for stationary in (True, False):
            for low, high in AGES:
                selected = [
                    s
                    for s in samples
                    if s.label is label
                    and (s.speed < STATIONARY_SPEED) is stationary
                    and low <= s.age + 1e-9 < high
                ]
                if len(selected) >= MIN_SAMPLES:
                    motion = "stationary" if stationary else "moving"
                    rows.append((class_name(label), motion, age_range(low, high), *_velocity_cells(selected)))
    return StageTable(
        "Tracking: velocity by age of the track",
        "Age: time since the track's first detection. Bias: positive where the estimated speed is too high. "
        "NEES: normalised estimation error squared of position and velocity, per dimension (1 where the "
        "covariance is correct).",
        (
            CLASS,
            "motion",
            "age [s]",
            "samples",
            "velocity error: median [m/s]",
            "velocity error: 90th percentile [m/s]",
            "speed bias: median [m/s]",
            "NEES: median",
            "NEES: mean",
        ),
        tuple(rows),
    )


def _velocity_cells(samples: Sequence[TrackSample]) -> tuple[Cell, ...]:
    errors, squares = [s.velocity_error for s in samples], [s.normalised_square for s in samples]
    return (
        len(samples),
        median(errors),
        percentile_90(errors),
        median([s.speed_error for s in samples]),
        median(squares),
        float(np.mean(squares)),
    )
