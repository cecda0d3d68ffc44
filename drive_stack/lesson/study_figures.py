"""The study's figures as the lesson needs them: curves and costs of each arm, from its two tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from drive_stack.study.analysis import ArmAnalysis, StudyAnalysis, analyse
from drive_stack.study.comparison.crossings import Crossing
from drive_stack.study.config import Phase, StudyPlan
from drive_stack.study.figures import crossing_text
from drive_stack.study.records import DriveRow, TrainingRow
from drive_stack.study.resampling import CurveSample, band
from drive_stack.study.tables import read_table

TRAININGS, DRIVES = "trainings.parquet", "drives.parquet"
GRID = 40  # amounts of data at which a curve is stated
REPLICATES = 100  # of the bootstrap that the page gets: the first ones


@dataclass(frozen=True, slots=True)
class Cost:
    """What the trainings of one size cost on average."""

    rows: float
    boxes: float
    lane_frames: float
    distances: float
    core_hours: float
    decision_ms: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Success of the trainings of one size, with its 95 % interval [%]."""

    size: int
    minutes: float
    trainings: int
    success: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ArmCurve:
    """The fitted curve of an arm at `GRID` amounts of data, spaced evenly in logarithms."""

    rows: tuple[float, ...]
    success: tuple[float, ...]  # [%]
    low: tuple[float, ...]
    high: tuple[float, ...]
    replicates: tuple[tuple[int, ...], ...]  # success of resampled curves [‰]


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of the study."""

    name: str
    learned: str
    by_hand: str
    measured: tuple[Measured, ...]
    costs: tuple[Cost, ...]
    curve: ArmCurve | None  # None with fewer than three sizes


@dataclass(frozen=True, slots=True)
class StudyFigures:
    """Everything that the lesson says about the study."""

    is_pilot: bool
    rows_per_minute: float
    box_seconds: float  # prices of the plan, a person's time for each label [s]
    lane_frame_seconds: float
    distance_seconds: float
    courses: int  # that each training drove
    crossing: str  # of the primary pair, in words; empty where there is none
    arms: tuple[Arm, ...]

    def as_json(self) -> dict[str, object]:
        """The figures as the page's script reads them."""
        return asdict(self)


def read_study(plan: StudyPlan, tables: Path) -> StudyFigures | None:
    """Analyse the tables in a folder; None where they do not exist, or hold no complete training.

    Raises:
        ConfigError: a table cannot be used, or the tables contradict each other.
    """
    if not all((tables / name).is_file() for name in (TRAININGS, DRIVES)):
        return None
    trainings = read_table(tables / TRAININGS, TrainingRow)
    return study_figures(plan, trainings, read_table(tables / DRIVES, DriveRow))


def study_figures(
    plan: StudyPlan, trainings: Sequence[TrainingRow], drives: Sequence[DriveRow]
) -> StudyFigures | None:
    """Compute the figures from the rows; None without a complete training."""
    analysis = analyse(plan, trainings, drives)
    if not analysis.arms:
        return None
    crossing = analysis.crossing(plan.analysis.pairs[0], plan.analysis.primary_axis)
    prices = plan.prices
    return StudyFigures(
        is_pilot=plan.phase is Phase.PILOT,
        rows_per_minute=60.0 * plan.rows_per_second,
        box_seconds=prices.box.seconds,
        lane_frame_seconds=prices.lane_frame.seconds,
        distance_seconds=prices.distance.seconds,
        courses=max(len(arm.outcomes.courses) for arm in analysis.arms.values()),
        crossing=crossing_text(crossing).replace("\n", ". ") if isinstance(crossing, Crossing) else "",
        arms=tuple(_arm(name, arm, analysis) for name, arm in analysis.arms.items()),
    )


def _arm(name: str, arm: ArmAnalysis, analysis: StudyAnalysis) -> Arm:
    planned = analysis.plan.arms[name]
    trainings = arm.outcomes.trainings
    by_size = {cell.size: [row for row in trainings if row.size == cell.size] for cell in arm.cells}
    costs = tuple(_cost(rows) for rows in by_size.values())
    measured = tuple(
        Measured(
            size=cell.size,
            minutes=cost.rows / analysis.plan.rows_per_second / 60.0,
            trainings=cell.trainings,
            success=_percent(cell.success.value),
            low=_percent(cell.success.low),
            high=_percent(cell.success.high),
        )
        for cell, cost in zip(arm.cells, costs, strict=True)
    )
    curve = None if arm.sample is None else _curve(arm.sample, costs[0].rows, costs[-1].rows)
    return Arm(name, planned.learned, planned.by_hand, measured, costs, curve)


def _cost(rows: Sequence[TrainingRow]) -> Cost:
    def mean(name: str) -> float:
        return round(float(np.mean([getattr(row, name) for row in rows])), 3)

    names = ("rows", "boxes", "lane_frames", "distances", "core_hours", "decision_ms")
    return Cost(*(mean(name) for name in names))


def _curve(sample: CurveSample, first: float, last: float) -> ArmCurve:
    rows = np.geomspace(first, last, GRID)
    resampled = sample.curves.success(rows)
    low, high = band(resampled)
    return ArmCurve(
        rows=tuple(round(float(value), 1) for value in rows),
        success=tuple(map(_percent, sample.fit.curve.success(rows).tolist())),
        low=tuple(map(_percent, low.tolist())),
        high=tuple(map(_percent, high.tolist())),
        replicates=tuple(
            tuple(round(1000.0 * value) for value in own) for own in resampled[:REPLICATES].tolist()
        ),
    )


def _percent(value: float) -> float:
    return round(100.0 * value, 1)
