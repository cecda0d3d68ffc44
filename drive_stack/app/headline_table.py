"""The comparison of agents at the top of an evaluation, on the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drive_stack.escaping import terminal_text
from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.verdict import verdict
from drive_stack.report.tables import HEADLINE_NOTE, PRIVILEGED_NOTE, Cell, headline_table


def print_headline(comparison: Comparison, console: Console) -> None:
    """Print the report's headline table, a row for each agent, and which agent is better.

    That a run is unfinished is printed first, in place of which agent is better.
    """
    if comparison.completeness.text:
        console.print(terminal_text(verdict(comparison)), style="bold", highlight=False)
    headline = headline_table(comparison)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("driver", no_wrap=True)
    for heading in headline.columns:
        table.add_column(heading, justify="right")
    for row in headline.rows:
        table.add_row(terminal_text(row.name), *(_text(cell) for cell in row.cells if isinstance(cell, Cell)))
    console.print(table)
    if not comparison.completeness.text:
        console.print(terminal_text(verdict(comparison)), style="bold", highlight=False)
    notes = f"95 % intervals. {HEADLINE_NOTE}" + (f" {PRIVILEGED_NOTE}" if headline.privileged else "")
    console.print(notes, style="dim", highlight=False)


def _text(cell: Cell) -> Text:
    """The value with its interval on the next line."""
    text = Text(cell.value, style="bold" if cell.best else "")
    return text.append(f"\n{cell.interval}", style="not bold dim") if cell.interval else text
