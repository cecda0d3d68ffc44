"""Drops from base courses to their shifted twins, from synthetic rows."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from synthetic_rows import drives

from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.comparison import Comparison, Completeness
from drive_stack.evaluation.shift_drops import ShiftDrop, shift_drops
from drive_stack.evaluation.verdict import verdict
from drive_stack.report.page import render
from drive_stack.report.runs import read_runs
from drive_stack.report.shifts import drop_table
from drive_stack.report.summary_files import ShiftSection, summary_markdown, summary_record, write_summary
from drive_stack.report.tables import headline_table

# modular: paint 5 of 5 → 4, 2 of 5; visibility 5 of 5 → 5 of 5. end_to_end: paint 3 of 5 → 3, 0 of 5
OUTCOMES = {
    "modular": {"s_bend": ".....", "s_bend[shift=paint/1]": "....x", "s_bend[shift=paint/3]": ".xx.x"}
    | {"cruise": ".....", "cruise[shift=visibility/2]": "....."},
    "end_to_end": {"s_bend": "..xx.", "s_bend[shift=paint/1]": "xx...", "s_bend[shift=paint/3]": "xxxxx"},
}


def rows_of(label: str) -> list[Row]:
    """Rows in which a shifted course names its base's world, as real ones do."""
    return [
        replace(row, world=scenario.partition("[")[0])
        for scenario, outcomes in OUTCOMES[label].items()
        for row in drives(label, scenario, outcomes)
    ]


@pytest.fixture
def comparison() -> Comparison:
    return Comparison([row for label in OUTCOMES for row in rows_of(label)])


def find(drops: list[ShiftDrop], label: str, family: str, severity: int | None) -> ShiftDrop:
    return next(
        drop for drop in drops if (drop.label, drop.family, drop.severity) == (label, family, severity)
    )


def test_drops_are_of_each_driver_family_and_severity(comparison: Comparison) -> None:
    drops = shift_drops(comparison)
    assert [(drop.label, drop.family, drop.severity) for drop in drops] == [
        ("modular", "paint", None),
        ("modular", "paint", 1),
        ("modular", "paint", 3),
        ("modular", "visibility", None),
        ("modular", "visibility", 2),
        ("end_to_end", "paint", None),
        ("end_to_end", "paint", 1),
        ("end_to_end", "paint", 3),
    ]
    third = find(drops, "modular", "paint", 3)
    assert (third.base.value, third.shifted.value, third.pairs) == (1.0, 0.4, 5)
    assert third.drop.value == pytest.approx(0.6)
    assert find(drops, "modular", "paint", None).drop.value == pytest.approx((5 + 5 - 4 - 2) / 10)
    assert find(drops, "modular", "visibility", 2).drop.value == 0.0


def test_a_drop_is_paired_by_seed_and_not_by_order(comparison: Comparison) -> None:
    """end_to_end gains on two seeds and loses on two: no drop, but an interval to both sides."""
    first = find(shift_drops(comparison), "end_to_end", "paint", 1)
    assert (first.base.value, first.shifted.value, first.drop.value) == (0.6, 0.6, 0.0)
    assert first.drop.low < 0.0 < first.drop.high
    rows = [row for label in OUTCOMES for row in rows_of(label)]
    assert shift_drops(Comparison(rows[::-1], list(OUTCOMES))) == shift_drops(comparison)


def test_severities_that_share_a_world_do_not_narrow_the_interval(comparison: Comparison) -> None:
    """All severities together are 10 pairs in 5 worlds: Wilson's interval is that of 5 episodes."""
    both = find(shift_drops(comparison), "modular", "paint", None)
    assert both.pairs == 10
    z2 = 1.959963984540054**2  # of 5 successes of 5: the lower bound is 1 / (1 + z²/5)
    assert both.base.low == pytest.approx(1.0 / (1.0 + z2 / 5.0))
    assert not math.isclose(both.base.low, 1.0 / (1.0 + z2 / 10.0))


def test_shifted_courses_without_a_base_are_counted_and_left_out() -> None:
    rows = rows_of("modular")
    without = [row for row in rows if (row.result.scenario, row.result.seed) != ("s_bend", 100_001)]
    third = find(shift_drops(Comparison(without)), "modular", "paint", 3)
    assert (third.pairs, third.unpaired, third.shifted.value) == (4, 1, 0.5)
    shifted_only = [row for row in rows if "shift" in row.result.scenario]
    assert shift_drops(Comparison(shifted_only)) == []


def test_the_summary_and_the_page_show_drops_and_say_that_a_run_is_unfinished(
    comparison: Comparison, tmp_path: Path
) -> None:
    shifts = ShiftSection(shift_drops(comparison))
    markdown = summary_markdown(comparison, shifts)
    line = next(line for line in markdown.splitlines() if line.startswith("| paint, severity 3 "))
    assert "100 → 40 %, drop 60.0 (3.0 to 88.2), n 5" in line
    assert "60 → 0 %, drop 60.0" in line
    record = json.loads(json.dumps(asdict(summary_record(comparison, shifts))))
    assert len(record["shifts"]) == 8
    (tmp_path / "rows.jsonl").write_text(
        "".join(row.to_json() + "\n" for label in OUTCOMES for row in rows_of(label)), encoding="utf-8"
    )
    runs = read_runs([tmp_path])
    page = render(runs)
    assert "Shifted courses and their bases" in page
    assert "success against severity, by family" in page
    unfinished = replace(runs, completeness=Completeness(40, 80))
    assert "unfinished: 40 of 80 episodes.</strong> Drops are of the pairs" in render(unfinished)


def test_base_and_shifted_courses_are_stated_apart(comparison: Comparison, tmp_path: Path) -> None:
    """On bases modular has 10 of 10 and end_to_end 3 of 5; on twins 4 + 2 + 5 of 15, and 3 + 0 of 10."""
    base, shifted = comparison.parts
    assert (base.name, shifted.name) == ("base courses", "shifted courses")
    assert base.comparison.headline("modular").success.value == 1.0
    assert shifted.comparison.headline("modular").success.value == pytest.approx(11 / 15)
    assert shifted.comparison.headline("end_to_end").success.value == pytest.approx(3 / 10)
    text = verdict(comparison)
    assert "On base courses: No significant difference: modular completes 100.0 % (56.6–100.0) of 5" in text
    assert "On shifted courses: No significant difference: modular completes 60.0 %" in text
    names = [row.name for row in headline_table(comparison).rows]
    assert names == [
        f"{label}, {part} courses" for part in ("base", "shifted") for label in ("modular", "end_to_end")
    ]
    record = json.loads(json.dumps(asdict(summary_record(comparison))))
    assert [part["courses"] for part in record["parts"]] == [base.name, shifted.name]
    assert record["parts"][1]["drivers"][0]["success"]["value"] == pytest.approx(11 / 15)
    assert record["parts"][0]["differences"][0]["only_first"] == 2
    rows = "".join(row.to_json() + "\n" for label in OUTCOMES for row in rows_of(label))
    (tmp_path / "rows.jsonl").write_text(rows, encoding="utf-8")
    page = render(replace(read_runs([tmp_path]), completeness=Completeness(40, 40)))
    assert "modular compared with end_to_end on base courses</h3>" in page
    assert "modular compared with end_to_end on shifted courses</h3>" in page
    unpaired = Comparison(drives("modular", "cruise", "..x"))
    assert [(part.name, part.comparison) for part in unpaired.parts] == [("", unpaired)]
    assert summary_record(unpaired).parts == []


def test_drops_are_computed_once(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(row.to_json() + "\n" for label in OUTCOMES for row in rows_of(label))
    (tmp_path / "rows.jsonl").write_text(rows, encoding="utf-8")
    calls: list[Comparison] = []
    monkeypatch.setattr(
        "drive_stack.report.runs.shift_drops", lambda own: calls.append(own) or shift_drops(own)
    )
    runs = read_runs([tmp_path])
    shifts = ShiftSection(runs.drops, runs.paired_worlds)
    write_summary(runs.comparison, tmp_path, shifts)
    assert "paint, severity 3" in render(runs) and len(calls) == 1


def test_runs_without_shifted_courses_have_no_drops() -> None:
    comparison = Comparison(drives("modular", "cruise", "..x"))
    assert shift_drops(comparison) == []
    assert drop_table(shift_drops(comparison), comparison.labels) is None
    assert "family" not in summary_markdown(comparison)
