"""The whole analysis: from the two tables to everything that the report shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from drive_stack.evaluation.statistics import Estimate, fraction
from drive_stack.evaluation.summary import Course
from drive_stack.study.cells import Cell, cells_of
from drive_stack.study.comparison.crossings import Competitor, Crossing, NoCrossing, find_crossing
from drive_stack.study.comparison.equal_success import DataRatio, data_ratios
from drive_stack.study.comparison.paired import PairedDifference, compare_at_equal_sizes
from drive_stack.study.comparison.size_means import competitor_by_means
from drive_stack.study.config import Axis, Courses, StudyPlan
from drive_stack.study.costs import cost_map
from drive_stack.study.curves import FamilyName
from drive_stack.study.endpoints import Endpoint
from drive_stack.study.fitting import Fit, compare_families, fit_curve
from drive_stack.study.outcomes import Outcomes, collect_planned, common_courses
from drive_stack.study.records import DriveRow, TrainingId, TrainingRow
from drive_stack.study.resampling import CurveSample, Resampling, resample_curve
from drive_stack.study.shifted import ShiftedCell, shifted_cells
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
    # how much more the challenger needs for equal success, on the primary axis, by pair
    ratios: Mapping[tuple[str, str], tuple[DataRatio, ...]]
    by_means: Crossing | NoCrossing | None  # the primary pair on the primary axis, without fitted curves
    by_family: Mapping[FamilyName, float]  # estimate for the primary pair and axis, by each family of curves
    # the primary pair, if only trainings are resampled; none if no size of an arm has two of them
    same_courses: tuple[Crossing | NoCrossing, ...]
    by_endpoint: Mapping[Endpoint, tuple[Crossing | NoCrossing, ...]]  # the primary pair, by other endpoints
    differences: Mapping[tuple[str, str], tuple[PairedDifference, ...]]  # by pair
    provenance: Mapping[str, tuple[Cell, ...]]  # by mixture
    shifted: tuple[ShiftedCell, ...]  # on the suite of shifted courses, by arm and size
    references: Mapping[str, Estimate]  # success of drivers that learned nothing
    incomplete: tuple[TrainingId, ...]  # trainings that are left out because drives are missing
    finished: frozenset[TrainingId]  # trainings of any mixture that drove all courses of the phase
    frontier_finished: frozenset[TrainingId]  # the same for the suite of shifted courses
    drive_codes: frozenset[str]  # versions of the code that drove

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
    collected = collect_planned(plan, trainings, drives)
    resampling = Resampling(plan.analysis.replicates, plan.analysis.seed)
    samples = _Samples(plan.analysis.family, resampling)
    outcomes = {arm: collected.arms[arm] for arm in plan.arms if arm in collected.arms}
    endpoint = plan.analysis.endpoint
    outcomes = {arm: own.by(endpoint) for arm, own in outcomes.items() if own.trainings}
    pairs = {
        pair: (outcomes[pair[0]], outcomes[pair[1]])
        for pair in plan.analysis.pairs
        if outcomes.keys() >= set(pair)
    }
    primary = pairs.get(plan.analysis.pairs[0])
    fixed_courses = _Samples(plan.analysis.family, replace(resampling, courses=False))
    return StudyAnalysis(
        plan=plan,
        arms={arm: _analyse_arm(own, samples, resampling) for arm, own in outcomes.items()},
        crossings=tuple(
            crossing for pair in pairs.values() for crossing in _crossings(plan, pair, samples.of)
        ),
        same_courses=_crossings(plan, primary, fixed_courses.of)
        if primary is not None and all(own.has_repeats for own in primary)
        else (),
        by_endpoint={} if primary is None else _by_endpoint(plan, primary, samples.of),
        ratios={pair: _ratios(plan, own, samples.of) for pair, own in pairs.items()},
        by_means=None if primary is None else _by_means(plan, primary, resampling),
        by_family={} if primary is None else _by_family(plan, primary),
        differences={pair: compare_at_equal_sizes(*own, resampling) for pair, own in pairs.items()},
        provenance=_provenance(plan, trainings, drives, resampling),
        shifted=_shifted(plan, trainings, drives, resampling),
        references=_references(plan, drives),
        incomplete=collected.incomplete,
        finished=_finished(plan, trainings, drives, plan.driven),
        frontier_finished=_finished(plan, trainings, drives, plan.frontier),
        drive_codes=frozenset(drive.code_hash for drive in drives),
    )


class _Samples:
    """Resampled curves by arm and courses; each is computed once."""

    def __init__(self, family: FamilyName, resampling: Resampling) -> None:
        self._family = family
        self._resampling = resampling
        self._known: dict[tuple[str, Endpoint, tuple[Course, ...]], CurveSample] = {}

    def of(self, outcomes: Outcomes) -> CurveSample:
        """The curve of an arm."""
        key = outcomes.arm, outcomes.endpoint, outcomes.courses
        if key not in self._known:
            self._known[key] = resample_curve(outcomes, self._family, self._resampling)
        return self._known[key]


def _has_curve(outcomes: Outcomes) -> bool:
    return len(set(outcomes.sizes.tolist())) >= MIN_SIZES


def _analyse_arm(outcomes: Outcomes, samples: _Samples, resampling: Resampling) -> ArmAnalysis:
    sample = samples.of(outcomes) if _has_curve(outcomes) else None
    return ArmAnalysis(
        outcomes=outcomes,
        cells=cells_of(outcomes, resampling),
        fits={} if sample is None else compare_families(outcomes.counts()),
        sample=sample,
        variance=split_variance(outcomes),
    )


def _crossings(
    plan: StudyPlan, pair: tuple[Outcomes, Outcomes], sample: Callable[[Outcomes], CurveSample]
) -> tuple[Crossing | NoCrossing, ...]:
    """Crossings on all axes, of curves fitted to the courses that both arms drove; none without curves."""
    samples = _on_common_courses(pair, sample)
    if samples is None:
        return ()
    return tuple(
        find_crossing(axis, *_competitors(plan, pair, samples, axis), plan.analysis.extrapolation)
        for axis in Axis
    )


def _on_common_courses(
    pair: tuple[Outcomes, Outcomes], sample: Callable[[Outcomes], CurveSample]
) -> tuple[CurveSample, CurveSample] | None:
    """Curves fitted to the courses that both arms of a pair drove; None without curves."""
    courses = common_courses(*pair)
    if not courses or not all(map(_has_curve, pair)):
        return None
    return sample(pair[0].on(courses)), sample(pair[1].on(courses))


def _competitors(
    plan: StudyPlan, pair: tuple[Outcomes, Outcomes], samples: tuple[CurveSample, CurveSample], axis: Axis
) -> tuple[Competitor, Competitor]:
    first, second = (
        Competitor.fitted(own.arm, curves, cost_map(own.trainings, axis, plan))
        for own, curves in zip(pair, samples, strict=True)
    )
    return first, second


def _ratios(
    plan: StudyPlan, pair: tuple[Outcomes, Outcomes], sample: Callable[[Outcomes], CurveSample]
) -> tuple[DataRatio, ...]:
    samples = _on_common_courses(pair, sample)
    if samples is None:
        return ()
    competitors = _competitors(plan, pair, samples, plan.analysis.primary_axis)
    return tuple(data_ratios(*competitors, plan.analysis.levels))


def _by_means(
    plan: StudyPlan, pair: tuple[Outcomes, Outcomes], resampling: Resampling
) -> Crossing | NoCrossing | None:
    """The crossing by the means of the sizes; None with fewer than two sizes of an arm."""
    courses, axis = common_courses(*pair), plan.analysis.primary_axis
    if not courses or any(len(set(own.sizes.tolist())) < 2 for own in pair):
        return None
    first, second = (
        competitor_by_means(own.on(courses), resampling, cost_map(own.trainings, axis, plan)) for own in pair
    )
    return find_crossing(axis, first, second, plan.analysis.extrapolation)


def _by_family(plan: StudyPlan, pair: tuple[Outcomes, Outcomes]) -> dict[FamilyName, float]:
    """The estimate on the primary axis, if both curves are of one family."""
    return {
        family: crossing.estimate
        for family in FamilyName
        for crossing in _crossings(plan, pair, partial(_fitted, family))
        if isinstance(crossing, Crossing) and crossing.axis is plan.analysis.primary_axis
    }


def _by_endpoint(
    plan: StudyPlan, pair: tuple[Outcomes, Outcomes], sample: Callable[[Outcomes], CurveSample]
) -> dict[Endpoint, tuple[Crossing | NoCrossing, ...]]:
    """Crossings by every endpoint but the plan's own."""
    found = {}
    for endpoint in Endpoint:
        if endpoint is not plan.analysis.endpoint:
            first, second = (own.by(endpoint) for own in pair)
            found[endpoint] = _crossings(plan, (first, second), sample)
    return found


def _fitted(family: FamilyName, outcomes: Outcomes) -> CurveSample:
    return CurveSample.of_fit(fit_curve(outcomes.counts(), family))


def _provenance(
    plan: StudyPlan, trainings: Sequence[TrainingRow], drives: Sequence[DriveRow], resampling: Resampling
) -> dict[str, tuple[Cell, ...]]:
    """The cells of the provenance arm by mixture, with the seeds that are planned for each."""
    wanted = plan.provenance
    cells = {}
    for mixture in wanted.mixtures:
        arms = collect_planned(plan, trainings, drives, mixture).arms
        if wanted.arm in arms:
            chosen = arms[wanted.arm].where(lambda row: row.size == wanted.size and row.seed < wanted.seeds)
            if chosen.trainings:
                cells[mixture] = cells_of(chosen, resampling)
    return cells


def _shifted(
    plan: StudyPlan, trainings: Sequence[TrainingRow], drives: Sequence[DriveRow], resampling: Resampling
) -> tuple[ShiftedCell, ...]:
    """The cells of all arms that drove shifted courses, in the order of the plan."""
    arms = collect_planned(plan, trainings, drives, courses=plan.frontier).arms
    return tuple(cell for arm in plan.arms if arm in arms for cell in shifted_cells(arms[arm], resampling))


def _finished(
    plan: StudyPlan, trainings: Sequence[TrainingRow], drives: Sequence[DriveRow], courses: Courses
) -> frozenset[TrainingId]:
    """The trainings of every mixture that drove all of some courses."""
    mixtures = plan.provenance.mixtures
    collected = [collect_planned(plan, trainings, drives, name, courses) for name in mixtures]
    arms = [own for each in collected for own in each.arms.values()]
    return frozenset(training.id for own in arms for training in own.trainings)


def _references(plan: StudyPlan, drives: Sequence[DriveRow]) -> dict[str, Estimate]:
    """Success of the drivers that learn nothing, with Wilson's interval."""
    own = {
        name: [drive for drive in drives if drive.arm == name and drive.suite == plan.driven.suite]
        for name in plan.references
    }
    return {name: fraction([drive.success for drive in rows]) for name, rows in own.items() if rows}
