"""The headline of an evaluation on the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from drive_stack.escaping import terminal_text
from drive_stack.evaluation.comparison import Comparison, Headline, percent, verdict
from drive_stack.evaluation.statistics import Estimate


def print_headline(comparison: Comparison, console: Console) -> None:
    """A row for each driver, and who is better."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("agent", no_wrap=True)
    for heading in ("episodes", "success", "collisions", "progress", "of the expert's", "score", "km/h"):
        table.add_column(heading, justify="right", no_wrap=True)
    for label in comparison.labels:
        table.add_row(*_cells(comparison.headline(label)))
    console.print(table)
    console.print(terminal_text(verdict(comparison)), style="bold", highlight=False)
    notes = "Collisions: episodes with one of the agent's own fault that a careful driver would have avoided."
    if any(comparison.headline(label).privileged for label in comparison.labels):
        notes += " * reads the truth."
    console.print(notes, style="dim", highlight=False)


def _cells(one: Headline) -> list[str]:
    return [
        terminal_text(one.label) + (" *" if one.privileged else ""),
        f"{one.episodes}" + (f" ({one.errors} failed)" if one.errors else ""),
        percent(one.success),
        percent(one.collisions),
        f"{100 * one.progress.value:.1f} %",
        "–" if one.progress_of_expert is None else f"{100 * one.progress_of_expert.value:.1f} %",
        spread(one.driving_score),
        f"{3.6 * one.speed_mps.value:.0f}",
    ]


def spread(one: Estimate) -> str:
    """Such as ``91.3 (88.0–94.2)``."""
    return f"{one.value:.1f} ({one.low:.1f}–{one.high:.1f})"
