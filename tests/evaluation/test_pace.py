"""How long a batch will take, as it is said before the first episode."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from real_episodes import episodes

from agents.registry import build_agent
from drive_stack.evaluation.batch.driving import DrivingOptions
from drive_stack.evaluation.batch.pace import (
    AgentMaker,
    Pace,
    announce,
    build_for,
    expected_durations,
    slowness_of,
)
from drive_stack.evaluation.batch.progress import Tally
from drive_stack.interfaces import Agent

SEEDS = range(100_000, 100_008)
MAKE = partial(build_for, build_agent)


def test_an_episode_takes_its_start_and_its_route_at_the_measured_pace() -> None:
    assert Pace(start_s=2.0, slowness=0.5, route_s=40.0).episode_s == 22.0


def test_a_step_that_compiles_does_not_count() -> None:
    assert slowness_of([0.0, 40.0, 40.02, 40.04, 40.06], dt=0.1) == pytest.approx(0.2)


def test_each_label_is_measured_once_and_what_fails_or_runs_code_is_left_out(
    course: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tasks = episodes("constant", course, SEEDS)
    broken = replace(tasks[0], label="broken", agent="nobody")
    foreign = replace(tasks[0], label="foreign", agent="some.module:Class")
    found = announce([*tasks, broken, foreign], MAKE, DrivingOptions())
    assert list(found) == ["constant"]
    assert 0.0 < found["constant"] < 60.0
    printed = capfd.readouterr()
    assert "10 episodes: about " in printed.err and printed.out == ""


def end_the_process(env: object, task: object) -> Agent:
    os._exit(3)


def fail(env: object, task: object) -> Agent:
    raise KeyError("a fault of the world")


@pytest.mark.parametrize("make", [end_the_process, fail])
def test_a_measurement_that_fails_does_not_end_the_batch(make: AgentMaker, course: Path) -> None:
    assert expected_durations(episodes("constant", course, SEEDS), make, DrivingOptions()) == {}


def test_nothing_is_measured_for_a_few_episodes_or_for_other_machines(course: Path) -> None:
    tasks = episodes("constant", course, SEEDS)

    def never(*_: object) -> None:
        raise AssertionError

    assert expected_durations(tasks[:7], never, DrivingOptions()) == {}  # type: ignore[arg-type]
    assert expected_durations(tasks, never, DrivingOptions(backend="ray")) == {}  # type: ignore[arg-type]


def test_the_remaining_time_begins_with_the_measured_durations(course: Path) -> None:
    tasks = episodes("constant", course, SEEDS)
    others = [replace(task, label="other") for task in tasks[:2]]
    tally = Tally([*tasks, *others], 2, {"constant": 10.0, "other": 30.0})
    assert tally.remaining_seconds == (8 * 10.0 + 2 * 30.0) / 2
    assert tally.status == "starting, about 1 min left"
    assert Tally(tasks, 1).remaining_seconds is None
