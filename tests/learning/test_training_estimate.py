"""What a long job says about its duration before its first result."""

from __future__ import annotations

from drive_stack.evaluation.batch.first_estimate import FirstEstimate


def lines_of(times: list[float], **options: float) -> list[str]:
    """What is reported if the steps end at ``times`` [s]; the job has 100 steps."""
    now, lines = [0.0], list[str]()
    estimate = FirstEstimate("training", 100, lines.append, clock=lambda: now[0], **options)  # type: ignore[arg-type]
    for time in times:
        now[0] = time
        estimate.advance()
    return lines


def test_the_first_step_says_how_long_all_take_and_it_is_said_once() -> None:
    assert lines_of([0.4, 0.5, 90.0]) == ["training: about 40 s"]


def test_steps_that_load_and_compile_are_not_measured() -> None:
    assert lines_of([30.0, 31.0], warm_up=1) == ["training: about 2 min"]


def test_nothing_is_said_before_enough_was_measured() -> None:
    assert lines_of([0.1, 0.2], min_steps=3) == []
    assert lines_of([0.1, 0.2, 0.3], min_steps=3, min_seconds=1.0) == []
    assert lines_of([0.1, 0.2, 3.0], min_steps=3, min_seconds=1.0) == ["training: about 2 min"]
