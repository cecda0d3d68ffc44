"""Small parts of the study's runner: the clock of CPU time, the progress, and the order of trainings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drive_stack.errors import ConfigError
from drive_stack.study.config import load_plan
from drive_stack.study.records import TrainingId
from drive_stack.study_runner.core_clock import CoreClock
from drive_stack.study_runner.network_units import _Checkpoints
from drive_stack.study_runner.progress import WorkProgress
from drive_stack.study_runner.selection import Selection, planned_trainings, select


def test_cpu_time_is_counted_over_runs(tmp_path: Path) -> None:
    now = [100.0]
    path = tmp_path / "core_seconds.json"
    first = CoreClock(path, lambda: now[0])
    now[0] = 107.5
    first.save()
    now[0] = 120.0  # killed before it is saved
    second = CoreClock(path, lambda: now[0])
    now[0] = 122.0
    assert second.seconds == 9.5


def test_a_paused_clock_counts_nothing(tmp_path: Path) -> None:
    now = [0.0]
    clock = CoreClock(tmp_path / "core_seconds.json", lambda: now[0])
    now[0] = 2.0
    with clock.paused():
        now[0] = 7.0
    now[0] = 8.0
    assert clock.seconds == 3.0


def test_a_line_without_a_new_checkpoint_is_told_from_one_with_it(tmp_path: Path) -> None:
    """Else work that is lost when a run is killed would be counted twice."""
    checkpoints = _Checkpoints(tmp_path)
    assert not checkpoints.has_changed()
    (tmp_path / "checkpoint.pt").write_text("1")
    assert checkpoints.has_changed() and not checkpoints.has_changed()
    os.utime(tmp_path / "checkpoint.pt", ns=(1, 1))
    assert checkpoints.has_changed()


@pytest.mark.parametrize("content", ["", "[1]", "-1", "NaN", '"1"'])
def test_a_clock_that_cannot_be_read_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "core_seconds.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"core_seconds\.json"):
        CoreClock(path)


def test_the_time_left_follows_from_the_sizes() -> None:
    lines: list[str] = []
    progress = WorkProgress("networks trained", [100, 300, 400], 2, lines.append)
    progress.add("first", 100, 60.0)
    progress.add("second", 300, 300.0)
    progress.add("third", 400, 1.0)
    assert lines == [
        "1 of 3 networks trained: first; about 4 min left",  # 700 at 0.6 s each by two workers: 210 s
        "2 of 3 networks trained: second; about 6 min left",  # 400 at 0.9 s each by one worker
        "3 of 3 networks trained: third",
    ]


def test_seed_follows_seed_and_the_largest_size_comes_last() -> None:
    planned = planned_trainings(load_plan())
    assert len(planned) == len(set(planned)) == 88 + 6  # and the provenance arm
    assert planned[:2] == (TrainingId("modular", 1000, 0), TrainingId("end_to_end", 1000, 0))
    order = [(item.size == 128_000, item.seed, item.size) for item in planned]
    assert order == sorted(order)
    own = [item.mixture for item in planned if (item.size, item.seed) == (32_000, 2)]
    assert own == ["full", "full", "expert", "expert_perturbed"]


def test_selections_add_up() -> None:
    plan = load_plan()
    chosen = select(plan, [Selection.read("modular:1000:*"), Selection.read("*:128000:2")])
    assert len(chosen) == 5 + 2
    assert str(Selection.read("modular:*:3")) == "modular:*:3"
    assert select(plan, []) == planned_trainings(plan)
