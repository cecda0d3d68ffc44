"""The CPU time of a decision: a mean, also of a driver that fails on the way."""

from __future__ import annotations

from typing import Any

import pytest

from drive_stack.evaluation.run_facts import Driver
from drive_stack.study_runner.decision_time import WARM_UP, TimedAgent, measure_decision_ms
from drive_stack.types import Control


class FailingAgent:
    """Fails at a decision, counted from 1."""

    name, privileged, trace = "failing", False, None

    def __init__(self, at: int) -> None:
        self._at, self._decisions = at, 0

    def reset(self, seed: int) -> None:
        pass

    def act(self, observation: object) -> Control:
        self._decisions += 1
        if self._decisions == self._at:
            raise RuntimeError("no way out")
        return Control(0.0, 0.0)

    def close(self) -> None:
        pass


def test_steps_with_and_without_perception_count_alike() -> None:
    timed: Any = TimedAgent(FailingAgent(0))  # type: ignore[arg-type]
    timed.seconds = [9.0] * WARM_UP + [0.001, 0.001, 0.004]
    assert timed.mean_ms == pytest.approx(2.0)


@pytest.mark.parametrize("at", [1, 4])
def test_a_driver_that_fails_is_timed_as_far_as_it_came(at: int) -> None:
    lines: list[str] = []

    def build(*_: object, **__: object) -> Any:
        return FailingAgent(at)

    mean = measure_decision_ms(build, Driver(agent="failing"), "cruise", 0, lines.append)
    assert (mean > 0.0) is (at > 1)
    assert len(lines) == 1 and f"after {at - 1} timed decisions: " in lines[0] and "no way out" in lines[0]
