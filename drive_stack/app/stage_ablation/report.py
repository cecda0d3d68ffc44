"""The table of stages on the terminal, as Markdown and as CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drive_stack.app.stage_ablation.figures import FIGURES, MIN_SUCCESS_IN_EACH, Figure
from drive_stack.app.stage_ablation.table import StagesTable
from drive_stack.escaping import csv_text, markdown_text, terminal_text, visible
from drive_stack.evaluation.summary import Summary
from drive_stack.support.atomic_files import write_atomically

ABBREVIATED = {"longitudinal": "longit."}  # the table on the terminal has to fit into 110 columns


def show_table(table: StagesTable, console: Console) -> None:
    """Print the table; green figures meet their requirement, red ones do not."""
    printed = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    printed.add_column("", no_wrap=True)
    for label in table.labels:
        printed.add_column(terminal_text(ABBREVIATED.get(label, label)), justify="right", no_wrap=True)
    for scenario in table.scenarios:
        cells = [table.cells.get((scenario, label)) for label in table.labels]
        printed.add_row(terminal_text(scenario), *map(_coloured, cells))
    printed.add_section()
    for figure in FIGURES:
        printed.add_row(figure.heading, *(_styled(figure, table, label) for label in table.labels))
    console.print(printed)
    if table.failures:
        console.print(_failures(table))
    for note in notes(table):
        console.print(note, style="dim", highlight=False)


def _failures(table: StagesTable) -> Table:
    printed = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        title="Where modular failed",
        title_justify="left",
        title_style="bold",
    )
    for heading in ("scenario", "seed"):
        printed.add_column(heading, no_wrap=True)
    for heading in ("what happened", "rescued by"):
        printed.add_column(heading, overflow="fold")
    for failure in table.failures:
        texts = Text(visible(failure.description)), terminal_text(failure.rescuers)
        printed.add_row(terminal_text(failure.scenario), str(failure.seed), *texts)
    return printed


def notes(table: StagesTable) -> Iterator[str]:
    """Yield the sentences that explain the table and its rows."""
    first, last = table.seeds
    yield (
        f"Cells: episodes completed without an at-fault collision, of all; seeds {first}–{last}. "
        "! marks errors. Columns named after a stage: modular with the oracle of that stage. Fractions in %."
    )
    if table.unequal_episodes:
        yield "Columns hold different episodes; speed and points over modular are of those that both drove."
    if table.outdated:
        yield f"{table.outdated} rows are from before a change to a configuration, a scenario or weights."
    if table.omitted:
        yield f"{table.omitted} older rows, of other configurations, are left out."
    if table.code_versions > 1:
        yield f"The rows were driven by {table.code_versions} versions of the code."


def write_table(table: StagesTable, folder: Path) -> tuple[Path, Path]:
    """Write ``table.md`` and ``table.csv``, each replaced whole; `ConfigError` where that fails."""
    markdown, figures = folder / "table.md", folder / "table.csv"
    write_atomically(markdown, markdown_of(table))
    write_atomically(figures, csv_of(table))
    return markdown, figures


def markdown_of(table: StagesTable) -> str:
    """Return the table in Markdown."""
    lines = [
        "| | " + " | ".join(map(markdown_text, table.labels)) + " |",
        "|---|" + "---:|" * len(table.labels),
    ]
    for scenario in table.scenarios:
        cells = [_cell_text(table.cells.get((scenario, label))) for label in table.labels]
        lines.append(f"| {markdown_text(scenario)} | " + " | ".join(cells) + " |")
    for figure in FIGURES:
        cells = [figure.text(table, label) for label in table.labels]
        lines.append(f"| **{figure.heading}** | " + " | ".join(cells) + " |")
    if table.failures:
        lines += ["", "| modular failed | seed | what happened | rescued by |", "|---|---:|---|---|"]
    for failure in table.failures:
        what, rescuers = markdown_text(failure.description), markdown_text(failure.rescuers)
        lines.append(f"| {markdown_text(failure.scenario)} | {failure.seed} | {what} | {rescuers} |")
    return "\n".join([*lines, "", *notes(table), ""])


def csv_of(table: StagesTable) -> str:
    """Return one line for each scenario and column, and one for each column over ``all`` scenarios."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    fields = [field.name for field in dataclasses.fields(Summary)]
    writer.writerow(["scenario", "column", *fields, "success", "success_low", "success_high"])
    entries = [(scenario, label, cell) for (scenario, label), cell in table.cells.items()]
    entries.sort(key=lambda entry: (table.scenarios.index(entry[0]), table.labels.index(entry[1])))
    entries += [("all", label, table.overall[label]) for label in table.labels]
    for scenario, label, cell in entries:
        figures = [getattr(cell, field) for field in fields]
        writer.writerow(
            [csv_text(scenario), csv_text(label), *map(_plain, (*figures, cell.success, *cell.interval))]
        )
    return text.getvalue()


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def _cell_text(cell: Summary | None) -> str:
    if cell is None:
        return "–"
    return f"{cell.successes}/{cell.episodes}" + ("!" if cell.errors else "")


def _coloured(cell: Summary | None) -> Text:
    success = -1.0 if cell is None else cell.success
    low = success < MIN_SUCCESS_IN_EACH
    style = "dim" if cell is None else "green" if success == 1.0 else "red" if low else ""
    return Text(_cell_text(cell), style=style)


def _styled(figure: Figure, table: StagesTable, label: str) -> Text:
    passes = figure.passes(table, label)
    style = "" if passes is None else "green" if passes else "red"
    return Text(figure.text(table, label), style=style)
