"""Tables on the terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict

from rich.table import Table

from drive_stack.escaping import markdown_text, terminal_text, visible
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasure
from drive_stack.evaluation.stage_errors.tables import Cell, Summary


def terminal_table(summary: Summary) -> Table:
    """For people at a terminal."""
    table = Table(title=summary.title, caption=summary.note, title_justify="left", caption_justify="left")
    for index, heading in enumerate(summary.columns):
        table.add_column(heading, justify="left" if index == 0 else "right")
    for row in summary.rows:
        table.add_row(*(terminal_text(cell(one)) for one in row))
    return table


def markdown(summaries: Sequence[Summary], episodes: Sequence[EpisodeMeasure], command: str) -> str:
    """For people who read the file; what was driven stands first."""
    driven = "; ".join(
        f"{markdown_text(one.scenario)} {one.seed} ({one.weather}, {one.light}: {one.status})"
        for one in episodes
    )
    read = " Some stages read the truth." if any(one.privileged for one in episodes) else ""
    parts = [f"`{visible(command).replace('`', '')}`", f"Driven: {driven}.{read}"]
    for summary in summaries:
        lines = [f"## {summary.title}", "", summary.note, ""]
        lines.append("| " + " | ".join(summary.columns) + " |")
        lines.append("|" + "---|" * len(summary.columns))
        lines += ["| " + " | ".join(markdown_text(cell(one)) for one in row) + " |" for row in summary.rows]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def as_json(summaries: Sequence[Summary], episodes: Sequence[EpisodeMeasure]) -> str:
    """For programs; what is not known is null."""
    driven = [
        {
            "scenario": one.scenario,
            "seed": one.seed,
            "weather": one.weather,
            "light": one.light,
            "status": one.status,
            "privileged": one.privileged,
        }
        for one in episodes
    ]
    tables = [asdict(summary) for summary in summaries]
    for table in tables:
        table["rows"] = [[_known(value) for value in row] for row in table["rows"]]
    return json.dumps({"episodes": driven, "tables": tables}, indent=1, allow_nan=False) + "\n"


def cell(value: Cell) -> str:
    """A value as people read it, to three digits or so."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return "–"
        return (
            f"{value:.0f}"
            if abs(value) >= 100.0
            else f"{value:.1f}"
            if abs(value) >= 10.0
            else f"{value:.2f}"
        )
    return "–" if value is None else str(value)


def _known(value: Cell) -> Cell:
    return None if isinstance(value, float) and not math.isfinite(value) else value
