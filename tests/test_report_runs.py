"""Run folders read for a report: whose rows they are, and what must be said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_rows import drives, row

from drive_stack.config import ConfigError
from drive_stack.evaluation.batch.rows import Row
from drive_stack.report.runs import read_runs


def folder(path: Path, rows: Sequence[Row]) -> Path:
    path.mkdir(parents=True)
    (path / "rows.jsonl").write_text("".join(one.to_json() + "\n" for one in rows), encoding="utf-8")
    return path


def test_runs_of_one_name_are_told_apart_by_what_lies_above(tmp_path: Path) -> None:
    old = folder(tmp_path / "old" / "standard", drives("modular", "cruise", "xx"))
    new = folder(tmp_path / "new" / "standard", drives("modular", "cruise", ".."))
    found = read_runs([old, new])
    assert found.labels == ["modular (old/standard)", "modular (new/standard)"]
    assert [entry.row.result.status.value for entry in found.entries] == 2 * ["collision"] + 2 * ["completed"]


def test_a_label_of_one_run_alone_keeps_its_name(tmp_path: Path) -> None:
    first = folder(tmp_path / "a", drives("modular", "cruise", ".") + drives("expert", "cruise", "."))
    second = folder(tmp_path / "b", drives("end_to_end", "cruise", ".") + drives("expert", "cruise", "."))
    assert read_runs([first, second]).labels == ["modular", "expert (a)", "end_to_end", "expert (b)"]


def test_a_run_s_name_is_not_lost_where_it_is_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder(tmp_path / "b", drives("modular", "cruise", "."))
    monkeypatch.chdir(folder(tmp_path / "a", drives("modular", "cruise", ".")))
    assert read_runs([Path(), other]).labels == ["modular (a)", "modular (b)"]


def test_a_run_against_itself_is_refused(tmp_path: Path) -> None:
    run = folder(tmp_path / "a", drives("modular", "cruise", "."))
    with pytest.raises(ConfigError, match="more than once"):
        read_runs([run, tmp_path / "b" / ".." / "a"])


def test_rows_that_a_later_configuration_replaced_are_counted(tmp_path: Path) -> None:
    rows = [*drives("modular", "cruise", "xx"), row("modular", "cruise", 100_000, config="mended")]
    found = read_runs([folder(tmp_path / "a", rows)])
    assert [entry.number for entry in found.entries] == [2, 3]  # as `replay --episode` counts
    assert any(note.startswith("Rows of earlier configurations left out: 1;") for note in found.notes)


def test_versions_that_differ_within_a_run_are_told_of(tmp_path: Path) -> None:
    rows = drives("modular", "cruise", "..")
    rows = [replace(one, versions={"numpy": f"2.{index}", "torch": "2"}) for index, one in enumerate(rows)]
    notes = read_runs([folder(tmp_path / "a", rows)]).notes
    assert notes == ("The rows were driven with different versions: numpy 2.0 and 2.1.",)


def test_rows_of_several_states_of_the_code_are_told_of(tmp_path: Path) -> None:
    rows = [
        replace(one, code_hash=str(index)) for index, one in enumerate(drives("modular", "cruise", "..."))
    ]
    assert "The rows were driven by 3 states of the code." in read_runs([folder(tmp_path / "a", rows)]).notes
