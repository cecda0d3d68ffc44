"""The answer of an evaluation as files to quote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_up_rows import drives, row

from drive_stack.config import ConfigError
from drive_stack.evaluation.comparison import Comparison, verdict
from drive_stack.report.summary_files import summary_markdown, summary_record, write_summary


@pytest.fixture
def comparison() -> Comparison:
    """A reference, and two drivers of whom one fails more."""
    rows = [row("expert", "cruise", seed, privileged=True) for seed in range(100_000, 100_008)]
    return Comparison(
        [*rows, *drives("modular", "cruise", "........"), *drives("end_to_end", "cruise", "xxxxxxx.")]
    )


def test_the_markdown_holds_the_verdict_and_every_driver(comparison: Comparison) -> None:
    lines = summary_markdown(comparison).splitlines()
    assert lines[0] == verdict(comparison)
    assert "modular is better" in lines[0]
    tables = [line.split(" | ") for line in lines if line.startswith("|")]
    assert [cells[0] for cells in tables if len(cells) == 9][2:] == [
        r"| expert \*",
        "| modular",
        "| end_to_end",
    ]
    modular = next(cells for cells in tables if cells[0] == "| modular")
    assert modular[1:3] == ["8", "**100.0 (67.6–100.0)**"]  # Wilson's for 8 of 8
    assert tables[-1] == ["| cruise", "8 / 8", "8 / 8", "1 / 8 |"]


def test_the_record_holds_the_same_as_numbers(comparison: Comparison) -> None:
    record = json.loads(json.dumps(summary_record(comparison)))
    assert [one["label"] for one in record["drivers"]] == ["expert", "modular", "end_to_end"]
    assert record["drivers"][2]["success"]["value"] == 1 / 8
    (difference,) = record["differences"]
    assert (difference["only_first"], difference["only_second"]) == (7, 0)
    assert difference["p"] == pytest.approx(2 / 2**7)  # all of seven courses fell to one side
    assert difference["scenarios"][0]["success"]["value"] == 7 / 8


def test_what_was_there_stays_where_it_cannot_be_written(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "summary.md").mkdir()
    with pytest.raises(ConfigError, match=r"summary\.md: cannot be written"):
        write_summary(comparison, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.md"]
