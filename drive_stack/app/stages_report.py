"""The table of stages for people: on the terminal, as Markdown and as CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drive_stack.app.stages_table import StagesTable
from drive_stack.config import ConfigError
from drive_stack.evaluation.summary import Summary

LEAST_IN_EACH = 0.80  # successes in every scenario
ABBREVIATED = {"longitudinal": "longit."}  # so that the terminal's table keeps within 110 columns


@dataclass(frozen=True, slots=True)
class Line:
    """One line of figures below the scenarios."""

    heading: str
    words: Callable[[StagesTable, str], str]  # of a column
    passes: Callable[[StagesTable, str], bool] | None = None  # whether it meets the bar, where there is one


def _percent(share: float, digits: int = 0) -> str:
    return f"{100.0 * share:.{digits}f} %"


def _interval(table: StagesTable, label: str) -> str:
    low, high = table.overall[label].interval
    return f"{100.0 * low:.0f}–{100.0 * high:.0f}"


def _speed(table: StagesTable, label: str) -> str:
    ratio = table.overall[label].speed_ratio
    return "–" if ratio is None else _percent(ratio)


def _of(words: Callable[[Summary], str]) -> Callable[[StagesTable, str], str]:
    return lambda table, label: words(table.overall[label])


LINES = (
    Line("episodes", _of(lambda all_: str(all_.episodes))),
    Line(
        "success ≥ 92 %",
        _of(lambda all_: _percent(all_.success, 1)),
        lambda table, label: table.overall[label].success >= 0.92,
    ),
    Line("  95 % interval", _interval),
    Line(
        "  in the worst ≥ 80 %",
        lambda table, label: _percent(table.worst[label]),
        lambda table, label: table.worst[label] >= LEAST_IN_EACH,
    ),
    Line(
        "people hit ≤ 1 %",
        _of(lambda all_: _percent(all_.people_hit, 1)),
        lambda table, label: table.overall[label].people_hit <= 0.01,
    ),
    Line(
        "route driven ≥ 96 %",
        _of(lambda all_: _percent(all_.route_completion, 1)),
        lambda table, label: table.overall[label].route_completion >= 0.96,
    ),
    Line(
        "speed/expert's ≥ 85 %",
        _speed,
        lambda table, label: (table.overall[label].speed_ratio or 0.0) >= 0.85,
    ),
    Line(
        "comfort held ≥ 90 %",
        _of(lambda all_: _percent(all_.comfort, 1)),
        lambda table, label: table.overall[label].comfort >= 0.90,
    ),
    Line("at-fault collisions", _of(lambda all_: str(all_.at_fault))),
    Line("hit by others", _of(lambda all_: str(all_.hit_by_others))),
    Line("errors", _of(lambda all_: str(all_.errors))),
    Line("driving score", _of(lambda all_: f"{all_.driving_score:.1f}")),
)


def show_table(table: StagesTable, console: Console) -> None:
    """Print it; green meets the bar, red does not."""
    printed = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    printed.add_column("", no_wrap=True)
    for label in table.labels:
        printed.add_column(ABBREVIATED.get(label, label), justify="right", no_wrap=True)
    for scenario in table.scenarios:
        cells = [table.cells.get((scenario, label)) for label in table.labels]
        printed.add_row(scenario, *(_coloured(cell) for cell in cells))
    printed.add_section()
    for line in LINES:
        printed.add_row(line.heading, *(_figure(line, table, label) for label in table.labels))
    console.print(printed)
    for note in notes(table):
        console.print(note, style="dim", highlight=False)


def notes(table: StagesTable) -> Iterator[str]:
    """What must be known to read the table."""
    first, last = table.seeds
    yield (
        f"Cells: episodes completed with no collision of the driver's own fault; seeds {first}–{last}. "
        "Columns from the third on: modular with that stage's oracle, and with all."
    )
    if table.outdated:
        yield (
            f"{table.outdated} rows shown were driven before a change to configuration, scenario or weights."
        )
    if table.left_out:
        yield f"{table.left_out} rows of other configurations are not shown."
    if table.codes > 1:
        yield f"The rows were driven by {table.codes} different states of the code."


def write_table(table: StagesTable, folder: Path) -> tuple[Path, Path]:
    """Write ``table.md`` and ``table.csv``, each replaced whole; `ConfigError` where that fails."""
    markdown, figures = folder / "table.md", folder / "table.csv"
    _replace(markdown, markdown_of(table))
    _replace(figures, csv_of(table))
    return markdown, figures


def markdown_of(table: StagesTable) -> str:
    """The same table in Markdown."""
    lines = ["| | " + " | ".join(table.labels) + " |", "|---|" + "---:|" * len(table.labels)]
    for scenario in table.scenarios:
        cells = [_words(table.cells.get((scenario, label))) for label in table.labels]
        lines.append(f"| {scenario} | " + " | ".join(cells) + " |")
    for line in LINES:
        cells = [line.words(table, label) for label in table.labels]
        lines.append(f"| **{line.heading.strip()}** | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *notes(table), ""])


def csv_of(table: StagesTable) -> str:
    """One line a scenario and column, and one a column over ``all`` scenarios."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    fields = [field.name for field in dataclasses.fields(Summary)]
    writer.writerow(["scenario", "column", *fields, "success", "success_low", "success_high"])
    entries = [(scenario, label, cell) for (scenario, label), cell in table.cells.items()]
    entries.sort(key=lambda entry: (table.scenarios.index(entry[0]), table.labels.index(entry[1])))
    entries += [("all", label, table.overall[label]) for label in table.labels]
    for scenario, label, cell in entries:
        figures = [_rounded(getattr(cell, field)) for field in fields]
        writer.writerow([scenario, label, *figures, *map(_rounded, (cell.success, *cell.interval))])
    return text.getvalue()


def _rounded(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def _words(cell: Summary | None) -> str:
    if cell is None:
        return "–"
    return f"{cell.successes}/{cell.episodes}" + ("!" if cell.errors else "")


def _coloured(cell: Summary | None) -> Text:
    if cell is None:
        return Text("–", style="dim")
    style = "green" if cell.success == 1.0 else "" if cell.success >= LEAST_IN_EACH else "red"
    return Text(_words(cell), style=style)


def _figure(line: Line, table: StagesTable, label: str) -> Text:
    style = "" if line.passes is None else "green" if line.passes(table, label) else "red"
    return Text(line.words(table, label), style=style)


def _replace(path: Path, text: str) -> None:
    """All of the file or nothing, also where the machine stops meanwhile."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
