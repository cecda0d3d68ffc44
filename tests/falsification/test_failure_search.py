"""The loop of the search, with a driver whose results are computed from the course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from batch_drivers import synthetic_result
from batch_runs import task

from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.falsification.course import Course
from drive_stack.falsification.drive import HazardVerdict
from drive_stack.falsification.optimiser import Method, Optimiser
from drive_stack.falsification.outcome import Outcome, Trial
from drive_stack.falsification.search import Budget, falsify
from drive_stack.falsification.space import Choices, Interval

SPACE = (Interval("gap", 0.0, 40.0), Interval("speed", 0.0, 30.0), Choices("light", ("day", "night")))
SEEDS = (1, 2, 3, 4)


def gap_of(course: Course) -> float:
    value = course.values["gap"]
    assert isinstance(value, float)
    return value


@dataclass
class ComputedDriver:
    """Fails by night at gaps of 2 to 5; gaps below 2 cannot be solved, and the expert fails below 2.5.

    The time to collision falls with the gap, and at night more.
    """

    driven: list[Course] = field(default_factory=list)
    expert_driven: list[Course] = field(default_factory=list)

    def drive(self, courses: Sequence[Course]) -> list[EpisodeResult]:
        self.driven += courses
        return [self._result(course) for course in courses]

    def drive_expert(self, courses: Sequence[Course]) -> list[EpisodeResult]:
        self.expert_driven += courses
        fails = [gap_of(course) < 2.5 for course in courses]
        return [
            result(Status.COLLISION if fail else Status.COMPLETED, collision_with="vehicle" if fail else None)
            for fail in fails
        ]

    def hazard(self, course: Course) -> HazardVerdict:
        return HazardVerdict(gap_of(course) >= 2.0, min(2.0 / max(gap_of(course), 0.1), 2.0))

    def file(self, course: Course) -> str:
        return f"courses/{course.digest}.yaml"

    def _result(self, course: Course) -> EpisodeResult:
        gap, night = gap_of(course), course.values["light"] == "night"
        if gap < 5.0 and night:
            return result(Status.COLLISION, collision_with="vehicle", at_fault=True, impact_speed_mps=5.0)
        return result(Status.COMPLETED, min_ttc_s=gap / (8.0 if night else 4.0))


def result(status: Status, **fields: object) -> EpisodeResult:
    plain = replace(
        synthetic_result(task(1)), status=status, collision_with=None, at_fault=None, avoidable=None
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


BUDGET = Budget(60, 6)


def search(method: Method = "tpe", random_seed: int = 0, budget: Budget = BUDGET) -> tuple[Trial, ...]:
    return falsify(Optimiser(method, SPACE, SEEDS, random_seed), ComputedDriver(), budget)


def test_outcomes_follow_from_hazard_driver_and_expert() -> None:
    driver = ComputedDriver()
    trials = falsify(Optimiser("random", SPACE, SEEDS, 0), driver, Budget(200, 50))
    for trial in trials:
        gap, night = trial.values["gap"], trial.values["light"] == "night"
        assert isinstance(gap, float)
        fails = gap < 5.0 and night
        expected = Outcome.UNSOLVABLE if gap < 2.0 else Outcome.PASSED
        if fails and gap >= 2.0:
            expected = Outcome.EXPERT_FAILED if gap < 2.5 else Outcome.COUNTEREXAMPLE
        assert trial.outcome is expected
    assert len(driver.driven) == len(trials) == 200
    assert {
        gap_of(course) >= 2.0 and course.values["light"] == "night" for course in driver.expert_driven
    } == {True}
    assert {trial.seed for trial in trials} == set(SEEDS)


def test_the_model_finds_more_than_chance() -> None:
    """Failures are 2.5 / 40 · 1/2 = 3 % of the space: of 60 random courses two on average."""
    counts = {
        method: sum(trial.is_counterexample for seed in range(3) for trial in search(method, seed))
        for method in ("tpe", "random")
    }
    assert counts["tpe"] > 3 * max(counts["random"], 2)


@pytest.mark.parametrize("method", ["tpe", "random"])
def test_equal_seeds_give_equal_courses_and_different_seeds_others(method: Method) -> None:
    assert search(method) == search(method)
    assert search(method)[:6] != search(method, 1)[:6]


def test_a_greater_budget_continues_the_same_search() -> None:
    """Also where the last batch was cut short: 20 = 6 + 6 + 6 + 2."""
    assert search(budget=Budget(40, 6))[:20] == search(budget=Budget(20, 6))


def test_trials_are_reported_after_each_batch() -> None:
    seen: list[int] = []
    optimiser = Optimiser("random", SPACE, SEEDS, 0)
    falsify(optimiser, ComputedDriver(), Budget(10, 4), lambda trials: seen.append(len(trials)))
    assert seen == [4, 8, 10]


def test_an_error_of_the_driver_teaches_nothing_and_does_not_end_the_search() -> None:
    class Broken(ComputedDriver):
        def _result(self, course: Course) -> EpisodeResult:
            return result(Status.ERROR, error="KeyError")

    trials = falsify(Optimiser("tpe", SPACE, SEEDS, 0), Broken(), Budget(14, 7))
    assert {trial.outcome for trial in trials} == {Outcome.ERROR}
    assert {trial.criticality for trial in trials} == {None}
