"""The hours of a plan, by hand and for the shipped plan."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

pytest.importorskip("torch")

import run_sim
from drive_stack.config import load_model
from drive_stack.pipeline.perceiving import PerceptionSource
from drive_stack.study.config import DEFAULT_PLAN, Courses, StudyPlan
from drive_stack.study.records import TrainingId
from drive_stack.study_runner.hours import HoursEstimate, hours_table
from drive_stack.study_runner.networks.registry import read_networks
from drive_stack.support.layout import CONFIGS

COURSES = {"standard": 22, "frontier": 40}


def no_perception(overrides: Sequence[str]) -> PerceptionSource:
    raise AssertionError(overrides)


def count_courses(courses: Courses) -> int:
    return courses.seeds * COURSES[courses.suite]


def estimate(*overrides: str) -> HoursEstimate:
    plan = load_model(DEFAULT_PLAN, StudyPlan, overrides)
    networks = read_networks(plan, CONFIGS / "training", no_perception)
    return HoursEstimate(plan, networks, count_courses, scenarios=19)


def test_a_training_by_hand() -> None:
    """8,000 rows: 800 are held out, and 100 updates of 72 rows show the others once.

    1,000 updates for 16,000 rows are 841 here, measured after every third pass, so that 3 epochs have 900.
    400 updates of the head are 336, so that one epoch has 300. Before these the trunk computes all features.
    """
    rule = "{config: policy_plain.yaml, updates: 1000, head_updates: 400, measure_every: 300, patience: 2}"
    rates = "{step: 2.0, head_step: 0.125, read: 0.25, evaluate: 0.5, finish: 7.0}"
    overrides = (
        f"networks.policy_plain={rule}",
        f"rates.networks.policy_plain={rates}",
        "rates.courses.end_to_end_plain=3.0",
        "validation.seeds=2",
        "arms.end_to_end_plain.course_seeds=1",
    )
    training, networks = TrainingId("end_to_end_plain", 8000, 0), ["policy_plain"]
    seconds = estimate(*overrides).wall_seconds_of([training], recorded_rows=0, networks=networks, workers=1)
    assert seconds == pytest.approx(
        2.0 * 900 + 0.125 * 300 + 0.5 * 8000 + 0.25 * 8000 + 0.5 * 800 * 3 + 7.0 + 3.0 * 22
    )


def test_a_network_that_needs_others_is_trained_after_them_by_one_worker() -> None:
    training = TrainingId("mid_to_end", 4000, 0)
    whole = estimate("rates.courses.mid_to_end=0", "rates.recorded_row=0.5")

    def seconds(*networks: str, workers: int = 2, rows: int = 0) -> float:
        return whole.wall_seconds_of([training], recorded_rows=rows, networks=networks, workers=workers)

    detector, lanes, last = seconds("detector"), seconds("lanes"), seconds("mid_to_end")
    assert detector > lanes > 0.0 and seconds("mid_to_end", workers=1) == last
    assert seconds("detector", "lanes", "mid_to_end") == pytest.approx(detector + last)
    assert seconds("detector", "lanes", workers=1) == pytest.approx(detector + lanes)
    assert seconds(rows=100) == pytest.approx(0.5 * 100 / 2)


@pytest.mark.parametrize("phase", ["pilot", "final"])
def test_the_shipped_plan_fits_into_its_hours(phase: str) -> None:
    whole = estimate(f"phase={phase}")
    work = {item.what: item.pieces for item in whole.work()}
    assert work["training of detector"] == 38 and work["training of policy"] == 38 + 6
    assert work["training of policy_plain"] == work["training of affordances"] == 4
    assert whole.hours(sum(item.core_seconds for item in whole.work())) <= whole.plan.limits.hours
    lines = list(hours_table(whole))
    assert len(lines) == len(work) + 6 and "| training of lanes | 38 |" in "\n".join(lines)


def test_the_command_prints_the_hours(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_sim.main(["study", "plan"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| work | pieces |") and "sum with a reserve" in lines[-3]
