"""The whole analysis: from the two tables to everything that the report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from drive_stack.evaluation.statistics import Estimate, fraction
from drive_stack.evaluation.summary import Course
from drive_stack.study.cells import Cell, cells_of
from drive_stack.study.config import Axis, StudyPlan
from drive_stack.study.costs import cost_map
from drive_stack.study.crossings import Competitor, Crossing, NoCrossing, find_crossing
from drive_stack.study.curves import FamilyName
from drive_stack.study.fitting import Fit, compare_families
from drive_stack.study.outcomes import Outcomes, collect, common_courses
from drive_stack.study.paired import PairedDifference, compare_at_equal_sizes
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow
from drive_stack.study.resampling import CurveSample, Resampling, resample_curve
from drive_stack.study.variance import VarianceSplit, split_variance

MIN_SIZES = 3  # of an arm with a curve: it has three parameters


@dataclass(frozen=True, slots=True)
class ArmAnalysis:
    """One arm: its drives, its cells, and its curve."""

    outcomes: Outcomes
    cells: tuple[Cell, ...]
    fits: Mapping[FamilyName, Fit]  # the best by AICc first; empty with fewer than `MIN_SIZES` sizes
    sample: CurveSample | None  # of the planned family; None with fewer than `MIN_SIZES` sizes
    variance: VarianceSplit | None


@dataclass(frozen=True, slots=True)
class StudyAnalysis:
    """Everything that the report shows."""

    plan: StudyPlan
    arms: Mapping[str, ArmAnalysis]  # in the order of the plan
    crossings: tuple[Crossing | NoCrossing, ...]  # each pair on each axis, in the order of the plan
    same_courses: tuple[Crossing | NoCrossing, ...]  # the primary pair, if the courses are not resampled
    differences: Mapping[tuple[str, str], tuple[PairedDifference, ...]]  # by pair
    provenance: Mapping[str, tuple[Cell, ...]]  # by mixture
    references: Mapping[str, Estimate]  # success of drivers that learned nothing
    incomplete: tuple[TrainingId, ...]  # trainings that are left out because drives are missing

    def crossing(self, pair: tuple[str, str], axis: Axis) -> Crossing | NoCrossing | None:
        """The crossing of a pair on an axis; None if an arm of it has no curve."""
        return next(
            (
                item
                for item in self.crossings
                if (item.incumbent, item.challenger) == pair and item.axis is axis
            ),
            None,
        )


def analyse(plan: StudyPlan, trainings: Sequence[TrainingRow], drives: Sequence[DriveRow]) -> StudyAnalysis:
    """Analyse what is there so far; arms, sizes and seeds that are missing are left out.

    Raises:
        ConfigError: the tables contradict each other, see `collect`.
    """
    suite = plan.courses.suite
    collected = collect(trainings, drives, suite)
    resampling = Resampling(plan.analysis.replicates, plan.analysis.seed)
    samples = _Samples(plan, resampling)
    fixed_courses = _Samples(plan, replace(resampling, courses=False))
    outcomes = {arm: collected.arms[arm] for arm in plan.arms if arm in collected.arms}
    outcomes = {arm: own for arm, own in outcomes.items() if own.trainings}
    pairs = [pair for pair in plan.analysis.pairs if outcomes.keys() >= set(pair)]
    return StudyAnalysis(
        plan=plan,
        arms={arm: _analyse_arm(own, samples, resampling) for arm, own in outcomes.items()},
        crossings=tuple(
            crossing
            for pair in pairs
            for crossing in _crossings(plan, outcomes[pair[0]], outcomes[pair[1]], samples)
        ),
        same_courses=tuple(
            crossing
            for pair in pairs
            if pair == plan.analysis.pairs[0]
            for crossing in _crossings(plan, outcomes[pair[0]], outcomes[pair[1]], fixed_courses)
        ),
        differences={
            pair: compare_at_equal_sizes(outcomes[pair[0]], outcomes[pair[1]], resampling) for pair in pairs
        },
        provenance=_provenance(plan, trainings, drives, resampling),
        references=_references(plan, drives),
        incomplete=collected.incomplete,
    )


class _Samples:
    """Resampled curves by arm and courses; each is computed once."""

    def __init__(self, plan: StudyPlan, resampling: Resampling) -> None:
        self._family = plan.analysis.family
        self._resampling = resampling
        self._known: dict[tuple[str, tuple[Course, ...]], CurveSample] = {}

    def of(self, outcomes: Outcomes) -> CurveSample | None:
        """The curve of an arm; None with fewer than `MIN_SIZES` sizes."""
        if len(set(outcomes.sizes.tolist())) < MIN_SIZES:
            return None
        key = outcomes.arm, outcomes.courses
        if key not in self._known:
            self._known[key] = resample_curve(outcomes, self._family, self._resampling)
        return self._known[key]


def _analyse_arm(outcomes: Outcomes, samples: _Samples, resampling: Resampling) -> ArmAnalysis:
    sample = samples.of(outcomes)
    return ArmAnalysis(
        outcomes=outcomes,
        cells=cells_of(outcomes, resampling),
        fits={} if sample is None else compare_families(outcomes.counts()),
        sample=sample,
        variance=split_variance(outcomes),
    )


def _crossings(
    plan: StudyPlan, incumbent: Outcomes, challenger: Outcomes, samples: _Samples
) -> list[Crossing | NoCrossing]:
    """Crossings on all axes; both curves are fitted to the courses that both arms drove."""
    courses = common_courses(incumbent, challenger)
    pair = [(own, samples.of(own.on(courses))) for own in (incumbent, challenger)] if courses else []
    found = []
    for axis in Axis:
        competitors = [
            Competitor(own.arm, sample, cost_map(own.trainings, axis, plan))
            for own, sample in pair
            if sample is not None
        ]
        if len(competitors) == 2:
            found.append(find_crossing(axis, competitors[0], competitors[1], plan.analysis.extrapolation))
    return found


def _provenance(
    plan: StudyPlan, trainings: Sequence[TrainingRow], drives: Sequence[DriveRow], resampling: Resampling
) -> dict[str, tuple[Cell, ...]]:
    """The cells of the provenance arm by mixture, with the seeds that are planned for each."""
    wanted = plan.provenance
    cells = {}
    for mixture in wanted.mixtures:
        arms = collect(trainings, drives, plan.courses.suite, mixture).arms
        if wanted.arm in arms:
            chosen = arms[wanted.arm].where(lambda row: row.size == wanted.size and row.seed < wanted.seeds)
            if chosen.trainings:
                cells[mixture] = cells_of(chosen, resampling)
    return cells


def _references(plan: StudyPlan, drives: Sequence[DriveRow]) -> dict[str, Estimate]:
    """Success of the drivers that learn nothing, with Wilson's interval."""
    own = {
        name: [drive for drive in drives if drive.arm == name and drive.suite == plan.courses.suite]
        for name in plan.references
    }
    return {name: fraction([drive.success for drive in rows]) for name, rows in own.items() if rows}
