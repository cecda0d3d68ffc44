"""The objective, with values worked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from batch_drivers import synthetic_result
from batch_runs import task

from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.falsification.drive import UNDRAWABLE
from drive_stack.falsification.objective import classify, criticality, is_failure, margin, severity
from drive_stack.falsification.outcome import Outcome

PASSED = replace(
    synthetic_result(task(1)),
    status=Status.COMPLETED,
    collision_with=None,
    at_fault=None,
    avoidable=None,
    min_ttc_s=None,
    autonomy=1.0,
    standing_free_longest_s=0.0,
    route_completion=1.0,
)
HIT = replace(
    PASSED,
    status=Status.COLLISION,
    collision_with="vehicle",
    at_fault=True,
    avoidable=True,
    impact_speed_mps=25.0 / 3.6,
    route_completion=0.4,
)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (PASSED, 1.0),
        (replace(PASSED, min_ttc_s=2.5), 0.25),  # of 10 s
        (replace(PASSED, min_ttc_s=2.5, autonomy=0.1), 0.1),  # the least counts
        (replace(PASSED, min_ttc_s=9.0, autonomy=-1.0), 0.0),
        (replace(PASSED, standing_free_longest_s=12.0), 0.6),  # 12 of 30 s
        (replace(HIT, at_fault=False), 0.0),
    ],
)
def test_the_margin_of_a_driver_that_passes(result: EpisodeResult, expected: float) -> None:
    assert margin(result) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (HIT, 0.75),  # half of 50 km/h
        (replace(HIT, impact_speed_mps=30.0), 1.0),
        (replace(HIT, impact_speed_mps=0.0), 0.5),
        (replace(PASSED, status=Status.OFF_ROAD, route_completion=0.9), 0.5),
        (replace(PASSED, status=Status.STUCK, route_completion=0.6), 0.2),
        (replace(PASSED, status=Status.TIMEOUT, route_completion=0.0), 0.5),
    ],
)
def test_the_severity_of_a_failure(result: EpisodeResult, expected: float) -> None:
    assert severity(result) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("result", "solvable", "expert_passed", "outcome", "demand", "value"),
    [
        (PASSED, True, None, Outcome.PASSED, 0.0, -1.0),
        (replace(PASSED, min_ttc_s=2.0), True, None, Outcome.PASSED, 0.6, (0.8 + 0.6) / 2 - 1),
        (HIT, True, True, Outcome.COUNTEREXAMPLE, 0.25, 0.5),
        (HIT, True, False, Outcome.EXPERT_FAILED, 0.25, -2.0),
        (HIT, False, None, Outcome.UNSOLVABLE, 1.3, -1.3),
        (PASSED, False, None, Outcome.UNSOLVABLE, 2.0, -2.0),
        (replace(HIT, at_fault=False), True, None, Outcome.NOT_CHARGED, 0.5, -0.25),
        (replace(HIT, avoidable=False), True, None, Outcome.NOT_CHARGED, 0.5, -0.25),
        (replace(PASSED, status=Status.ERROR, error="KeyError"), True, None, Outcome.ERROR, 0.0, None),
        (
            replace(PASSED, status=Status.ERROR, error=f"{UNDRAWABLE}: a and b overlap"),
            True, None, Outcome.INVALID, 0.0, -2.0,
        ),
    ],
)  # fmt: skip
def test_outcome_and_criticality(
    result: EpisodeResult,
    solvable: bool,
    expert_passed: bool | None,
    outcome: Outcome,
    demand: float,
    value: float | None,
) -> None:
    assert classify(result, solvable=solvable, expert_passed=expert_passed) is outcome
    assert criticality(outcome, result, demand) == (None if value is None else pytest.approx(value))


def test_every_counterexample_is_above_every_pass_and_every_pass_above_what_cannot_be_solved() -> None:
    worst_pass = criticality(Outcome.PASSED, replace(PASSED, min_ttc_s=0.0), 1.0)
    mildest = criticality(Outcome.COUNTEREXAMPLE, replace(HIT, status=Status.STUCK, collision_with=None,
                                                          route_completion=1.0), 0.0)  # fmt: skip
    easiest_pass = criticality(Outcome.PASSED, PASSED, 0.0)
    nearly = criticality(Outcome.UNSOLVABLE, PASSED, 1.0)
    assert mildest == worst_pass == 0.0
    assert easiest_pass == nearly == -1.0


def test_only_charged_collisions_and_missed_routes_are_failures() -> None:
    assert is_failure(HIT)
    assert is_failure(replace(PASSED, status=Status.STUCK))
    assert not is_failure(PASSED)
    assert not is_failure(replace(HIT, avoidable=False))
    assert not is_failure(replace(PASSED, status=Status.ERROR))
