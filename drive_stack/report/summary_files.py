"""The result of an evaluation as files: Markdown for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from drive_stack.escaping import markdown_text
from drive_stack.evaluation.comparison import Comparison, Difference, Headline, ScenarioDifference
from drive_stack.evaluation.redraws.records import PairedWorlds
from drive_stack.evaluation.shift_drops import ShiftDrop
from drive_stack.evaluation.verdict import verdict
from drive_stack.report.heat import HeatCell, heat_table
from drive_stack.report.shifts import DROP_NOTE, drop_table, redraw_note
from drive_stack.report.tables import (
    HEADLINE_NOTE,
    PRIVILEGED_NOTE,
    Cell,
    Table,
    headline_table,
)
from drive_stack.support.atomic_files import write_atomically

MARKDOWN, JSON = "summary.md", "summary.json"


@dataclass(frozen=True, slots=True)
class EpisodeCounts:
    """Number of episodes that are driven, and that the run asks for."""

    driven: int
    asked: int


@dataclass(frozen=True, slots=True)
class DifferenceRecord(Difference):
    """The difference of two drivers, with that within each scenario."""

    scenarios: Sequence[ScenarioDifference]


@dataclass(frozen=True, slots=True)
class PartRecord:
    """The figures on some of the courses."""

    courses: str  # which
    drivers: Sequence[Headline]
    differences: Sequence[DifferenceRecord]


@dataclass(frozen=True, slots=True)
class SummaryRecord:
    """Contents of ``summary.json``: fractions 0 … 1 and scores 0 … 100, with intervals, not rounded."""

    verdict: str
    finished: bool
    episodes: EpisodeCounts
    drivers: Sequence[Headline]
    differences: Sequence[DifferenceRecord]
    parts: Sequence[PartRecord]  # the same on base and on shifted courses; empty without shifted courses
    shifts: Sequence[ShiftDrop]  # of every driver, by family and severity
    paired_worlds: PairedWorlds  # of base courses and their twins, with the redraws


@dataclass(frozen=True, slots=True)
class ShiftSection:
    """What the summary says about shifted courses; empty for runs without such courses."""

    drops: Sequence[ShiftDrop] = ()
    worlds: PairedWorlds = field(default_factory=PairedWorlds)


NO_SHIFTS = ShiftSection()


def write_summary(
    comparison: Comparison, folder: Path, shifts: ShiftSection = NO_SHIFTS
) -> tuple[Path, Path]:
    """Write both files, each replaced atomically.

    Raises:
        ConfigError: a file cannot be written.
    """
    markdown, record = folder / MARKDOWN, folder / JSON
    write_atomically(markdown, summary_markdown(comparison, shifts))
    content = asdict(summary_record(comparison, shifts))
    write_atomically(record, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return markdown, record


def summary_markdown(comparison: Comparison, shifts: ShiftSection = NO_SHIFTS) -> str:
    """The verdict, the headline table with 95 % intervals, and the successes by scenario."""
    headline, scenarios = headline_table(comparison), heat_table(comparison)
    notes = f"95 % intervals. {HEADLINE_NOTE}"
    if headline.privileged:
        notes += f" {markdown_text(PRIVILEGED_NOTE)}"
    parts = (
        markdown_text(verdict(comparison)),
        _markdown("driver", headline),
        notes,
        _markdown("scenario", scenarios),
        *_shift_parts(comparison.labels, shifts),
    )
    return "\n\n".join(parts) + "\n"


def summary_record(comparison: Comparison, shifts: ShiftSection = NO_SHIFTS) -> SummaryRecord:
    """The same as numbers."""
    completeness = comparison.completeness
    return SummaryRecord(
        verdict=verdict(comparison),
        finished=not completeness.text,
        episodes=EpisodeCounts(driven=completeness.driven, asked=completeness.requested),
        drivers=_headlines(comparison),
        differences=_differences(comparison),
        parts=[
            PartRecord(part.name, _headlines(part.comparison), _differences(part.comparison))
            for part in comparison.parts
            if part.name
        ],
        shifts=shifts.drops,
        paired_worlds=shifts.worlds,
    )


def _headlines(comparison: Comparison) -> list[Headline]:
    return [comparison.headline(label) for label in comparison.labels]


def _differences(comparison: Comparison) -> list[DifferenceRecord]:
    return [
        DifferenceRecord(
            **{part.name: getattr(difference, part.name) for part in fields(difference)},
            scenarios=comparison.by_scenario(difference.first, difference.second),
        )
        for difference in comparison.differences()
    ]


def _shift_parts(labels: Sequence[str], shifts: ShiftSection) -> tuple[str, ...]:
    """The table of shifted courses with its notes; empty without such courses."""
    table, redraws = drop_table(shifts.drops, labels), redraw_note(shifts.worlds)
    if table is None:
        return ()
    return (_markdown("family", table), DROP_NOTE, *([markdown_text(redraws)] if redraws else []))


def _markdown(corner: str, table: Table) -> str:
    rows: list[Sequence[str]] = [
        [corner, *map(markdown_text, table.columns)],
        ["---", *("---:" for _ in table.columns)],
        *([markdown_text(row.name), *map(_cell_text, row.cells)] for row in table.rows),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell_text(cell: object) -> str:
    match cell:
        case Cell(value, interval, best):
            text = f"{value} ({interval})" if interval else value
            return f"**{text}**" if best else text
        case HeatCell(text=text, detail=detail):
            return f"{text}, {detail}" if detail else text
        case _:
            return "–"
