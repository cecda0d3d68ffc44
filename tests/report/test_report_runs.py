"""Run folders read for a report: labels of the rows, completeness and notes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from report_runs import write_run
from synthetic_rows import drives, row

import run_sim
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.comparison import Completeness
from drive_stack.evaluation.run_facts import Driver, RunFacts, write_facts
from drive_stack.evaluation.verdict import verdict
from drive_stack.report.page import render
from drive_stack.report.runs import read_runs


def test_runs_with_equal_folder_names_are_distinguished_by_their_parents(tmp_path: Path) -> None:
    old = write_run(tmp_path / "old" / "standard", drives("modular", "cruise", "xx"))
    new = write_run(tmp_path / "new" / "standard", drives("modular", "cruise", ".."))
    runs = read_runs([old, new])
    assert runs.comparison.labels == ("modular (old/standard)", "modular (new/standard)")
    assert [entry.row.result.status.value for entry in runs.entries] == 2 * ["collision"] + 2 * ["completed"]


def test_a_label_that_occurs_in_one_run_keeps_its_name(tmp_path: Path) -> None:
    first = write_run(tmp_path / "a", drives("modular", "cruise", ".") + drives("expert", "cruise", "."))
    second = write_run(tmp_path / "b", drives("end_to_end", "cruise", ".") + drives("expert", "cruise", "."))
    assert read_runs([first, second]).comparison.labels == (
        "modular",
        "expert (a)",
        "end_to_end",
        "expert (b)",
    )


def test_the_current_folder_gets_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = write_run(tmp_path / "b", drives("modular", "cruise", "."))
    monkeypatch.chdir(write_run(tmp_path / "a", drives("modular", "cruise", ".")))
    assert read_runs([Path(), other]).comparison.labels == ("modular (a)", "modular (b)")


def test_a_run_is_not_compared_with_itself(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", drives("modular", "cruise", "."))
    with pytest.raises(ConfigError, match="more than once"):
        read_runs([run, tmp_path / "b" / ".." / "a"])


def test_rows_that_a_later_configuration_replaced_are_counted(tmp_path: Path) -> None:
    rows = [*drives("modular", "cruise", "xx"), row("modular", "cruise", 100_000, config="corrected")]
    runs = read_runs([write_run(tmp_path / "a", rows)])
    assert [entry.number for entry in runs.entries] == [2, 3]  # as `replay --episode` counts
    assert any(note.startswith("Rows of earlier configurations are left out: 1;") for note in runs.notes)


def test_versions_that_differ_within_a_run_are_noted(tmp_path: Path) -> None:
    rows = drives("modular", "cruise", "..")
    rows = [
        replace(driven, versions={"numpy": f"2.{index}", "torch": "2"}) for index, driven in enumerate(rows)
    ]
    notes = read_runs([write_run(tmp_path / "a", rows)]).notes
    assert notes == ("The episodes were driven with different versions: numpy 2.0 and 2.1.",)


def test_rows_of_several_versions_of_the_code_are_noted(tmp_path: Path) -> None:
    rows = [
        replace(driven, code_hash=str(index))
        for index, driven in enumerate(drives("modular", "cruise", "..."))
    ]
    assert (
        "The episodes were driven by 3 different versions of the code."
        in read_runs([write_run(tmp_path / "a", rows)]).notes
    )


# --- completeness --------------------------------------------------------------------------

UNFINISHED = "This run is unfinished: "


def request(path: Path, *labels: str, seeds: int = 3, first_seed: int = 100_000) -> None:
    write_facts(
        path,
        RunFacts(
            suite="x",
            scenarios=("cruise", "merge"),
            first_seed=first_seed,
            seeds=seeds,
            drivers={label: Driver(agent=label) for label in labels},
        ),
    )


def both_courses(outcomes: str, first_seed: int = 100_000) -> list[Row]:
    courses = itertools.product(("expert", "a"), ("cruise", "merge"))
    return [
        driven for label, name in courses for driven in drives(label, name, outcomes, first_seed=first_seed)
    ]


def test_an_interrupted_run_states_how_many_episodes_are_missing(tmp_path: Path) -> None:
    rows = drives("expert", "cruise", "...") + drives("expert", "merge", "...") + drives("a", "cruise", ".x")
    rows += drives("b", "cruise", "x")
    run = write_run(tmp_path / "run", rows)
    request(run, "expert", "a", "b")
    runs = read_runs([run])
    assert runs.completeness == Completeness(driven=9, requested=18)
    assert verdict(runs.comparison).startswith(UNFINISHED + "9 of 18 episodes.")
    page = render(runs)
    assert page.index(UNFINISHED + "9 of 18 episodes.") < page.index("<h2>")
    assert "percentage points" not in page and 'id="comparison"' not in page


def test_the_command_says_first_that_a_run_is_unfinished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "run", drives("a", "cruise", ".x"))
    request(run, "a")
    assert run_sim.main(["report", str(run)]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith(UNFINISHED + "2 of 6 episodes. There is no verdict")
    assert printed.out == f"{run / 'report.html'}\n"


def test_a_finished_run_has_no_such_statement(tmp_path: Path) -> None:
    rows = [
        driven
        for label in ("expert", "a")
        for name in ("cruise", "merge")
        for driven in drives(label, name, "...")
    ]
    run = write_run(tmp_path / "run", rows)
    request(run, "expert", "a")
    assert read_runs([run]).completeness.text == ""


def test_an_episode_with_a_driver_error_counts_as_driven(tmp_path: Path) -> None:
    rows = [
        driven
        for label in ("expert", "a")
        for name in ("cruise", "merge")
        for driven in drives(label, name, "e.e")
    ]
    run = write_run(tmp_path / "run", rows)
    request(run, "expert", "a")
    assert read_runs([run]).completeness.text == ""


def test_rows_of_other_seeds_than_the_run_s_are_left_out(tmp_path: Path) -> None:
    earlier = drives("expert", "cruise", "x") + drives("a", "cruise", "x") + drives("removed", "cruise", "x")
    rows = both_courses("...", first_seed=200_000)
    run = write_run(tmp_path / "run", [*earlier, *rows])
    request(run, "expert", "a", "removed", first_seed=200_000)
    runs = read_runs([run])
    assert runs.comparison.labels == ("expert", "a") and {row.result.seed for row in runs.rows} == set(
        range(200_000, 200_003)
    )
    assert runs.completeness.text == ""  # these were not requested of the driver "removed"
    assert "run: rows of courses that the run did not request are left out: 3." in runs.notes
    assert [entry.number for entry in runs.entries] == list(range(4, 16))  # as `replay --episode` counts
    request(run, "expert", first_seed=300_000)
    with pytest.raises(ConfigError, match=r"no rows of the courses in run\.json"):
        read_runs([run])


def test_rows_of_the_current_configuration_count_even_if_others_are_later(tmp_path: Path) -> None:
    current, later = row("a", "cruise", 100_000), row("a", "cruise", 100_000, "hit", config="other")
    run = write_run(tmp_path / "run", [current, later])
    assert read_runs([run]).rows == [later]
    assert read_runs([run], {current.key}).rows == [current]


def test_without_a_run_file_each_driver_should_drive_what_any_driver_drove(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", drives("a", "cruise", "...") + drives("b", "cruise", ".."))
    assert read_runs([run]).completeness == Completeness(driven=5, requested=6)
