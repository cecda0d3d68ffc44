"""Drives that succeed, or score, without being good, on a free road: what each score says about them.

The route is 400 m long, and the expert took 20 s. The lanes end 5.4 m right of the middle; a shoulder of 3 m
follows.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from synthetic_logs import Script, log_of

from drive_stack.evaluation.result import EpisodeId, EpisodeResult, Status, succeeded, summarise
from drive_stack.evaluation.schemes.scoring import ExpertDrive

EXPERT = ExpertDrive(distance_m=400.0, duration_s=20.0)


def drive(
    speed: float,
    duration: float,
    status: Status = Status.COMPLETED,
    *,
    lateral: float = 0.0,
    limit: float = 20.0,
) -> EpisodeResult:
    script = Script(duration, _at(speed), 400.0, lateral=lambda time: lateral, limit=limit)
    course = EpisodeId("a", privileged=False, scenario="cruise", seed=0)
    return summarise(course, log_of(script), status, clamped_actions=0, stages_ms={}, expert=EXPERT)


def _at(speed: float) -> Callable[[float], float]:
    return lambda time: speed * time


def scores(result: EpisodeResult) -> list[float]:
    """CARLA 2.0, CARLA 2.1, nuPlan, PDMS, EPDMS."""
    return [score.total for score in result.scores.values()]


def test_standing_still_is_no_success_but_has_points_in_navsim() -> None:
    """PDMS: (5 TTC + 2 comfort) / 12. EPDMS: (5 TTC + 2 lane keeping + 2 comfort) / 14."""
    stands = drive(0.0, 30.0, Status.STUCK)
    assert not succeeded(stands)
    assert (stands.route_completion, stands.progress_of_expert, stands.driving_score) == (0.0, 0.0, 0.0)
    assert scores(stands) == pytest.approx([0.0, 0.0, 0.0, 700 / 12, 900 / 14], abs=0.01)


def test_half_the_speed_costs_only_progress_relative_to_the_expert() -> None:
    """(5 · 0.5 + 5 + 4 + 2) / 16, (5 · 0.5 + 5 + 2) / 12 and (5 · 0.5 + 5 + 2 + 2) / 14."""
    creeps = drive(10.0, 40.0)
    assert succeeded(creeps) and creeps.driving_score == 100.0
    assert creeps.progress_of_expert == pytest.approx(0.5, abs=0.001)
    assert scores(creeps) == pytest.approx([100.0, 100.0, 84.375, 79.167, 82.143], abs=0.01)


def test_only_nuplan_charges_twice_the_limit() -> None:
    """The excess of 20 m/s is more than 2.23 m/s: (5 + 5 + 0 + 2) / 16."""
    speeds = drive(40.0, 10.0)
    assert succeeded(speeds) and speeds.driving_score == 100.0
    assert scores(speeds) == pytest.approx([100.0, 100.0, 75.0, 100.0, 100.0])


def test_carla_and_epdms_charge_the_shoulder_but_success_does_not() -> None:
    """The body lies between 5.98 and 7.83 m right of the middle: off the lanes, inside the drivable area."""
    hidden = drive(20.0, 20.0, lateral=-6.9)
    assert succeeded(hidden) and hidden.off_lane == 1.0 and hidden.driving_score == 0.0
    assert scores(hidden) == pytest.approx([0.0, 0.0, 100.0, 100.0, 0.0])
