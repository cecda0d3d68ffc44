"""The result of an evaluation as Markdown and JSON."""

from __future__ import annotations

import io
import json
import re
from dataclasses import asdict
from html import unescape
from pathlib import Path

import pytest
from rich.console import Console
from synthetic_rows import drives, row

from drive_stack.app.headline_table import print_headline
from drive_stack.errors import ConfigError
from drive_stack.evaluation.comparison import Comparison, Completeness
from drive_stack.evaluation.verdict import verdict
from drive_stack.report.page import render
from drive_stack.report.runs import read_runs
from drive_stack.report.summary_files import EpisodeCounts, summary_markdown, summary_record, write_summary


@pytest.fixture
def comparison() -> Comparison:
    """A reference and two drivers, one of which fails more often."""
    rows = [row("expert", "cruise", seed, privileged=True) for seed in range(100_000, 100_008)]
    return Comparison(
        [*rows, *drives("modular", "cruise", "........"), *drives("end_to_end", "cruise", "xxxxxxx.")]
    )


def test_the_markdown_contains_the_verdict_and_every_driver(comparison: Comparison) -> None:
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
    assert modular[1:3] == ["8", "**100.0 (67.6–100.0)**"]  # Wilson's interval for 8 of 8
    assert tables[-1] == ["| cruise", "8 / 8", "8 / 8", "1 / 8 |"]


def test_the_record_contains_the_same_as_numbers(comparison: Comparison) -> None:
    record = json.loads(json.dumps(asdict(summary_record(comparison))))
    assert [driver["label"] for driver in record["drivers"]] == ["expert", "modular", "end_to_end"]
    assert record["drivers"][2]["success"]["value"] == 1 / 8
    (difference,) = record["differences"]
    assert (difference["only_first"], difference["only_second"]) == (7, 0)
    assert difference["p"] == pytest.approx(2 / 2**7)  # all seven courses favour one driver
    assert difference["scenarios"][0]["success"]["value"] == 7 / 8


def test_existing_files_stay_if_the_summary_cannot_be_written(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "summary.md").mkdir()
    with pytest.raises(ConfigError, match=r"summary\.md: cannot be written"):
        write_summary(comparison, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.md"]


def terminal(comparison: Comparison) -> str:
    text = io.StringIO()
    print_headline(comparison, Console(file=text, width=120))
    return text.getvalue()


def numbers(text: str) -> list[str]:
    return re.findall(r"-?\d+\.\d+", text)


def test_all_outputs_print_the_same_digits(tmp_path: Path) -> None:
    """Verdict, page, summary.md, terminal and rounded summary.json, for fractions that are hard to round."""
    rows = drives("modular", "cruise", "." * 219 + "x") + drives("end_to_end", "cruise", "x" * 24 + "." * 196)
    comparison = Comparison(rows)
    record = json.loads(json.dumps(asdict(summary_record(comparison))))
    (difference,) = record["differences"]
    assert verdict(comparison).startswith(
        "modular is better: modular completes 99.5 % (97.5–99.9) of 220 episodes with no at-fault collision, "
        "end_to_end 89.1 % (84.3–92.6); a difference of 10.5 percentage points"
    )

    def rounded(name: str) -> list[str]:
        return [f"{100 * difference[name][bound]:.1f}" for bound in ("value", "low", "high")]

    success = rounded("success")
    printed_numbers = numbers(verdict(comparison))
    assert printed_numbers[:9] == [
        *rounded("first_success"),
        *rounded("second_success"),
        *success,
    ]
    (tmp_path / "rows.jsonl").write_text("".join(row.to_json() + "\n" for row in rows), encoding="utf-8")
    page = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", render(read_runs([tmp_path])))))
    assert f"differs by +{success[0]} percentage points (+{success[1]} to +{success[2]}; exact paired" in page
    outputs = summary_markdown(comparison), page, terminal(comparison)
    for driver in record["drivers"]:
        for name, factor, decimals in (
            ("success", 100, 1),
            ("collisions", 100, 1),
            ("progress", 100, 1),
            ("driving_score", 1, 1),
            ("speed_mps", 3.6, 0),
            ("comfort", 100, 1),
        ):
            value, low, high = (
                f"{factor * driver[name][bound]:.{decimals}f}" for bound in ("value", "low", "high")
            )
            markdown, html, printed = outputs
            assert f"{value} ({low}–{high})" in markdown.replace("*", "")
            assert re.search(rf"{value} +{low}–{high}", html), name
            assert value in printed and f"{low}–{high}" in printed
    for text in outputs:
        assert verdict(comparison) in re.sub(r"\s+", " ", text)


def test_all_outputs_state_that_a_run_is_unfinished() -> None:
    rows = drives("modular", "cruise", "....") + drives("end_to_end", "cruise", "xx")
    comparison = Comparison(rows, completeness=Completeness(6, 8))
    statement = "This run is unfinished: 6 of 8 episodes."
    assert summary_markdown(comparison).startswith(statement)
    assert terminal(comparison).startswith(statement) and terminal(comparison).count(statement) == 1
    assert "**" in summary_markdown(Comparison(rows)) and "**" not in summary_markdown(comparison)
    record = summary_record(comparison)
    assert not record.finished and record.episodes == EpisodeCounts(driven=6, asked=8)
    assert record.verdict.startswith(statement)
    whole = summary_record(Comparison(rows))
    assert whole.finished and "unfinished" not in whole.verdict
