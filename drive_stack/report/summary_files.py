"""An evaluation's answer as files to quote: Markdown for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from drive_stack.escaping import markdown_text
from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.verdict import verdict
from drive_stack.report.tables import (
    HEADLINE_WORDS,
    PRIVILEGED_WORDS,
    Cell,
    HeatCell,
    Table,
    headline_table,
    heat_table,
)
from drive_stack.support.atomic_files import write_whole

MARKDOWN, JSON = "summary.md", "summary.json"


def write_summary(comparison: Comparison, folder: Path) -> tuple[Path, Path]:
    """Write both, each replaced whole; `ConfigError` where that fails."""
    markdown, record = folder / MARKDOWN, folder / JSON
    write_whole(markdown, summary_markdown(comparison))
    write_whole(record, json.dumps(summary_record(comparison), indent=1, ensure_ascii=False) + "\n")
    return markdown, record


def summary_markdown(comparison: Comparison) -> str:
    """Verdict, headline with 95 % intervals, successes by scenario."""
    headline, scenarios = headline_table(comparison), heat_table(comparison)
    notes = f"95 % intervals. {HEADLINE_WORDS}"
    if headline.privileged:
        notes += f" {markdown_text(PRIVILEGED_WORDS)}"
    parts = (
        markdown_text(verdict(comparison)),
        _markdown("driver", headline),
        notes,
        _markdown("scenario", scenarios),
    )
    return "\n\n".join(parts) + "\n"


def summary_record(comparison: Comparison) -> dict[str, object]:
    """The same as numbers: fractions 0 … 1, scores 0 … 100, each with the ends of its interval.

    Unrounded; rounded to the digits of the tables they are the same figures.
    """
    differences, complete = comparison.differences(), comparison.completeness
    return {
        "verdict": verdict(comparison),
        "finished": not complete.words,
        "episodes": {"driven": complete.driven, "asked": complete.asked},
        "drivers": [asdict(comparison.headline(label)) for label in comparison.labels],
        "differences": [
            asdict(one)
            | {"scenarios": [asdict(found) for found in comparison.by_scenario(one.first, one.second)]}
            for one in differences
        ],
    }


def _markdown(corner: str, table: Table) -> str:
    rows: list[Sequence[str]] = [
        [corner, *map(markdown_text, table.columns)],
        ["---", *("---:" for _ in table.columns)],
        *([markdown_text(row.name), *map(_words, row.cells)] for row in table.rows),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _words(cell: object) -> str:
    match cell:
        case Cell(value, spread, best):
            text = f"{value} ({spread})" if spread else value
            return f"**{text}**" if best else text
        case HeatCell(words=words):
            return words
        case _:
            return "–"
