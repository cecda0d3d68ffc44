"""Stage tables for the terminal, as Markdown and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict

from rich.table import Table

from drive_stack.escaping import markdown_text, terminal_text, visible
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements
from drive_stack.evaluation.stage_errors.tables import Cell, StageTable


def terminal_table(table: StageTable) -> Table:
    """A table to print in a terminal; the note stands below it."""
    printed = Table(title=table.title, caption=table.note, title_justify="left", caption_justify="left")
    for index, heading in enumerate(table.columns):
        printed.add_column(heading, justify="left" if index == 0 else "right")
    for row in table.rows:
        printed.add_row(*(terminal_text(cell_text(value)) for value in row))
    return printed


def markdown(tables: Sequence[StageTable], episodes: Sequence[EpisodeMeasurements], command: str) -> str:
    """All tables as Markdown, after the command and the list of episodes."""
    driven = "; ".join(
        f"{markdown_text(episode.scenario)} {episode.seed} "
        f"({episode.weather}, {episode.light}: {episode.status})"
        for episode in episodes
    )
    privileged = " Some stages read the truth." if any(episode.privileged for episode in episodes) else ""
    parts = [f"`{visible(command).replace('`', '')}`", f"Episodes: {driven}.{privileged}"]
    for table in tables:
        lines = [f"## {table.title}", "", table.note, ""]
        lines.append("| " + " | ".join(table.columns) + " |")
        lines.append("|" + "---|" * len(table.columns))
        lines += [
            "| " + " | ".join(markdown_text(cell_text(value)) for value in row) + " |" for row in table.rows
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def as_json(tables: Sequence[StageTable], episodes: Sequence[EpisodeMeasurements]) -> str:
    """All tables and the list of episodes as JSON; a value that is unknown or not finite is null."""
    driven = [
        {
            "scenario": episode.scenario,
            "seed": episode.seed,
            "weather": episode.weather,
            "light": episode.light,
            "status": episode.status,
            "privileged": episode.privileged,
        }
        for episode in episodes
    ]
    records = [asdict(table) for table in tables]
    for record in records:
        record["rows"] = [[_finite_or_none(value) for value in row] for row in record["rows"]]
    return json.dumps({"episodes": driven, "tables": records}, indent=1, allow_nan=False) + "\n"


def cell_text(value: Cell) -> str:
    """A value as text; a float has about three significant digits, an unknown value is a dash."""
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


def _finite_or_none(value: Cell) -> Cell:
    return None if isinstance(value, float) and not math.isfinite(value) else value
