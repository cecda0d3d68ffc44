"""The search itself: batches of courses, each driven, classified and told to the optimiser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.falsification.course import Course
from drive_stack.falsification.drive import HazardVerdict
from drive_stack.falsification.objective import classify, criticality, is_failure
from drive_stack.falsification.outcome import Outcome, Trial
from drive_stack.report.failures import describe_failure


class Proposer(Protocol):
    """Proposes courses; `optimiser.Optimiser` is one."""

    def ask(self, count: int) -> list[tuple[int, Course]]:
        """Propose courses, each with its number from 0."""
        ...

    def tell(self, number: int, value: float | None) -> None:
        """Say how critical a course was; None where nothing can be learned from it."""
        ...


class CourseDriver(Protocol):
    """Drives courses; each course once, however often it is asked for."""

    def drive(self, courses: Sequence[Course]) -> list[EpisodeResult]:
        """Results of the driver that is searched for failures, in the order of the courses."""
        ...

    def drive_expert(self, courses: Sequence[Course]) -> list[EpisodeResult]:
        """Results of the expert."""
        ...

    def hazard(self, course: Course) -> HazardVerdict:
        """The verdict on the hazard of a course that was driven."""
        ...

    def file(self, course: Course) -> str:
        """The scenario file of a course, relative to the folder of the search."""
        ...


@dataclass(frozen=True, slots=True)
class Budget:
    """How many courses are driven, and how many are proposed before any of them is told.

    The batch does not depend on the number of workers, so that the courses do not either.
    """

    courses: int  # each one is an episode of the driver
    batch: int

    @property
    def batches(self) -> Iterator[int]:
        """The sizes of the batches."""
        for first in range(0, self.courses, self.batch):
            yield min(self.batch, self.courses - first)


def falsify(
    proposer: Proposer,
    driver: CourseDriver,
    budget: Budget,
    on_batch: Callable[[tuple[Trial, ...]], None] = lambda _: None,
) -> tuple[Trial, ...]:
    """Search for counterexamples; returns all trials in the order of proposals.

    The expert drives only courses on which the driver fails although the careful driver can avoid the hazard.
    ``on_batch`` receives all trials so far after each batch.
    """
    trials: tuple[Trial, ...] = ()
    for size in budget.batches:
        proposed = proposer.ask(size)
        new = _drive_batch(proposed, driver)
        for trial in new:
            proposer.tell(trial.number - 1, trial.criticality)
        trials += tuple(new)
        on_batch(trials)
    return trials


def _drive_batch(proposed: Sequence[tuple[int, Course]], driver: CourseDriver) -> list[Trial]:
    courses = [course for _, course in proposed]
    results = driver.drive(courses)
    hazards = [_hazard(driver, course, result) for course, result in zip(courses, results, strict=True)]
    doubtful = [
        course
        for course, result, hazard in zip(courses, results, hazards, strict=True)
        if hazard.solvable and is_failure(result)
    ]
    passed = dict(zip(map(_key, doubtful), _passes(driver.drive_expert(doubtful)), strict=True))
    trials = []
    for (number, course), result, hazard in zip(proposed, results, hazards, strict=True):
        outcome = classify(result, solvable=hazard.solvable, expert_passed=passed.get(_key(course)))
        value = criticality(outcome, result, hazard.demand)
        trials.append(
            Trial(
                number=number + 1,
                file=driver.file(course),
                seed=course.seed,
                values=dict(course.values),
                outcome=outcome,
                description=_describe(result, outcome),
                criticality=None if value is None else round(value, 4),
                demand=hazard.demand,
            )
        )
    return trials


def _hazard(driver: CourseDriver, course: Course, result: EpisodeResult) -> HazardVerdict:
    """The verdict on the hazard; after an error there may be none, and it does not matter."""
    return HazardVerdict(True, 0.0) if result.status is Status.ERROR else driver.hazard(course)


def _passes(results: Iterable[EpisodeResult]) -> Iterator[bool]:
    return (result.status is Status.COMPLETED and result.collision_with is None for result in results)


def _key(course: Course) -> tuple[str, int]:
    return course.digest, course.seed


def _describe(result: EpisodeResult, outcome: Outcome) -> str:
    if outcome is not Outcome.PASSED:
        return describe_failure(result)
    if result.min_ttc_s is None:
        return "completed"
    return f"completed, {result.min_ttc_s:.1f} s to a collision at the least"
