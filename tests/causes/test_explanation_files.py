"""Explanations in run folders, in tables and on the report's page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from failed_drives import NO_CAMERA, STOPPED_CAR, task_on
from synthetic_rows import drives

import run_sim
from agents.registry import build_agent
from drive_stack.causes.explanation import Explanation, Tried
from drive_stack.causes.files import NAME, merged, read_explanations, write_explanations
from drive_stack.causes.tables import averted_counts, cause_counts
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.run_facts import Driver, RunFacts, write_facts
from drive_stack.report.page import render
from drive_stack.report.runs import read_runs

SENTENCE = "Would have been averted had the <tracker> been without fault."


def explanation(
    seed: int, cause: str = "tracker", *, label: str = "modular", averts: bool = True
) -> Explanation:
    tried = (Tried("tracker", averts, 1.5 if averts else None, False, ("oracles.stages=[tracker]",)),)
    return Explanation(label, "cruise", seed, "c", "code", 12.3, 8.0, cause, SENTENCE, tried)


def run_folder(path: Path, rows: Sequence[Row]) -> Path:
    path.mkdir(parents=True)
    (path / "rows.jsonl").write_text("".join(row.to_json() + "\n" for row in rows), encoding="utf-8")
    return path


def test_explanations_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = (explanation(100_000), explanation(100_001, averts=False))
    write_explanations(tmp_path, written)
    assert read_explanations(tmp_path) == written


def test_a_folder_without_explanations_has_none(tmp_path: Path) -> None:
    assert read_explanations(tmp_path) == ()


def test_an_explanation_replaces_that_of_the_same_row() -> None:
    first, second, newer = explanation(1), explanation(2), explanation(1, "planner")
    assert merged([first, second], [newer]) == (newer, second)


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 2, "explanations": []}'])
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=NAME) as caught:
        read_explanations(tmp_path)
    assert "\n" not in str(caught.value)


def test_causes_are_counted_by_driver_with_wilsons_interval() -> None:
    own = [explanation(seed, "tracker" if seed < 3 else "planner") for seed in range(4)]
    counts = cause_counts([*own, explanation(9, "late braking", label="end_to_end")])
    assert [(count.label, count.name, count.count, count.failures) for count in counts] == [
        ("modular", "tracker", 3, 4),
        ("modular", "planner", 1, 4),
        ("end_to_end", "late braking", 1, 1),
    ]
    # Wilson, 3 of 4: centre (0.75 + z²/8) / (1 + z²/4), with z = 1.96
    assert (counts[0].fraction.low, counts[0].fraction.high) == pytest.approx((0.3006, 0.9544), abs=1e-3)


def test_what_a_change_averts_is_counted_where_it_was_tried() -> None:
    (count,) = averted_counts([explanation(1), explanation(2, averts=False), explanation(3)])
    assert (count.name, count.count, count.failures) == ("tracker", 2, 3)


def test_the_page_shows_causes_only_where_there_are_explanations(tmp_path: Path) -> None:
    folder = run_folder(
        tmp_path / "run", drives("modular", "cruise", "x.") + drives("expert", "cruise", "..")
    )
    assert "Explained: " not in render(read_runs([folder]))
    write_explanations(folder, [explanation(100_000), explanation(100_001)])  # the second one is no failure
    page = render(read_runs([folder]))
    assert "Explained: 1 of 1 failures." in page
    assert "had the &lt;tracker&gt; been" in page
    assert page.count("had the &lt;tracker&gt; been") == 1


def test_a_file_of_causes_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", drives("modular", "cruise", "x."))
    (folder / NAME).write_text("{", encoding="utf-8")
    page = render(read_runs([folder]))
    assert "Explained: " not in page
    assert "Causes are left out" in page


def recorded_run(folder: Path, **changed: object) -> Path:
    """A run of one episode, in which a driver with a late tracker hits a stationary car."""
    overrides = ("faults.tracker=late", "faults.delay=1.5")
    task = task_on(folder, STOPPED_CAR, NO_CAMERA, *overrides)
    result = drive_task(build_agent, task)
    fields = json.loads(result.to_json()) | changed
    row = Row("late", task.config_hash, "code", {}, False, 1.0, EpisodeResult(**fields))
    run = run_folder(folder / "run", [row])
    driver = Driver(agent=task.agent, overrides=overrides)
    facts = RunFacts(
        suite="own", scenarios=(task.scenario,), first_seed=task.seed, seeds=1, drivers={"late": driver}
    )
    write_facts(run, facts)
    return run


@pytest.mark.slow
def test_the_command_explains_all_failures_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = recorded_run(tmp_path)
    assert run_sim.main(["why", str(run), "--all", "--before", "2"]) == 0
    output = capsys.readouterr()
    assert "1 failures, 1 to explain" in output.err
    assert "1 of 1" in output.out
    (found,) = read_explanations(run)
    assert found.cause == "tracker"
    assert run_sim.main(["why", str(run), "--all", "--before", "2"]) == 0
    assert "1 failures, 0 to explain" in capsys.readouterr().err


def test_a_run_whose_drive_does_not_repeat_is_not_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded_run(tmp_path, distance_m=1.0)
    assert run_sim.main(["why", str(run), "--episode", "1"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "episode 1: the drive does not repeat as it was recorded: distance_m 1.0 →" in error
    assert run_sim.main(["why", str(run), "--all"]) == 1
    assert "not explained: late on" in capsys.readouterr().err
    assert read_explanations(run) == ()


@pytest.mark.parametrize(
    ("episode", "message"),
    [
        ("4", "has episodes 1 to 3"),
        ("modular:cruise:7", "no such episode"),
        ("2", "the drive succeeded, so there is no failure to explain"),
        ("3", "the driver itself failed with an error"),
    ],
)
def test_an_episode_that_cannot_be_explained_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], episode: str, message: str
) -> None:
    run = run_folder(tmp_path / "run", drives("modular", "cruise", "x.e"))
    assert run_sim.main(["why", str(run), "--episode", episode]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert message in error
