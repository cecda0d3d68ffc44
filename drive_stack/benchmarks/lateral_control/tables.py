"""Tables of the study for the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from drive_stack.benchmarks.lateral_control.measures import Measures
from drive_stack.benchmarks.lateral_control.study import Result


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and the text of its measure."""

    heading: str
    text: Callable[[Measures], str]
    offset_start_only: bool = False  # only meaningful for a start at a lateral offset


COLUMNS = (
    Column("max error [m]", lambda measures: f"{measures.max_error:.3f}"),
    Column("RMS error [m]", lambda measures: f"{measures.rms:.3f}"),
    Column("max heading error [°]", lambda measures: f"{np.degrees(measures.heading):.2f}"),
    Column("settling time [s]", lambda measures: f"{measures.settling_time:.1f}", offset_start_only=True),
    Column("overshoot [m]", lambda measures: f"{measures.overshoot:.3f}", offset_start_only=True),
    Column("RMS steering rate [°/s]", lambda measures: f"{np.degrees(measures.steering_rate):.2f}"),
    Column("RMS jerk [m/s³]", lambda measures: f"{measures.jerk:.2f}"),
    Column("max jerk [m/s³]", lambda measures: f"{measures.max_jerk:.0f}"),
    Column("median ms", lambda measures: f"{measures.milliseconds:.2f}"),
)
LEGEND = (
    "Error: distance of the rear axle from the path. Settling time: after it the error stays within 0.1 m. "
    "Overshoot: the largest error on the side opposite to the maximum error. Steering rate: of the front "
    "wheels. Jerk: lateral, over 50 ms. Median ms: time of one call of the controller."
)


def conditions(results: Sequence[Result]) -> Iterator[tuple[str, list[Result]]]:
    """The results of each condition."""
    for name in dict.fromkeys(result.condition.name for result in results):
        yield name, [result for result in results if result.condition.name == name]


def terminal_tables(results: Sequence[Result]) -> Iterator[Table]:
    """One table for each condition."""
    for name, part in conditions(results):
        table = Table(title=name, title_style="bold", title_justify="left")
        table.add_column("path", no_wrap=True)
        table.add_column("controller", no_wrap=True)
        for column in COLUMNS:
            table.add_column(column.heading, justify="right")
        for path, controller, cells in _rows(part):
            table.add_row(path, controller, *cells, end_section=controller == part[-1].controller)
        yield table


def markdown_tables(results: Sequence[Result]) -> str:
    """The tables in Markdown, after one of the maximum errors."""
    lines = ["### Maximum lateral error [m]", "", *_summary(results), "", LEGEND]
    for name, part in conditions(results):
        heads = ["path", "controller", *(column.heading for column in COLUMNS)]
        lines += ["", f"### {name[0].upper()}{name[1:]}", "", _line(heads), _rule(len(heads), left=2)]
        lines += [_line([path, controller, *cells]) for path, controller, cells in _rows(part)]
    return "\n".join(lines) + "\n"


def _summary(results: Sequence[Result]) -> list[str]:
    """One row for each path and condition: the maximum error, or the overshoot after a start at an offset."""
    names = list(dict.fromkeys(result.controller for result in results))
    cells: dict[tuple[str, str], list[str]] = {}
    for result in results:
        has_offset = result.path.start_offset != 0.0
        label = f"{result.path.name} (overshoot)" if has_offset else result.path.name
        value = result.measures.overshoot if has_offset else result.measures.max_error
        cells.setdefault((label, result.condition.name), []).append(f"{value:.3f}")
    heads = ["path", "condition", *names]
    return [_line(heads), _rule(len(heads), left=2), *(_line([*key, *row]) for key, row in cells.items())]


def _rows(part: Sequence[Result]) -> Iterator[tuple[str, str, list[str]]]:
    previous = ""
    for result in part:
        path = result.path.name if result.path.name != previous else ""
        previous = result.path.name
        yield path, result.controller, [_cell(column, result) for column in COLUMNS]


def _cell(column: Column, result: Result) -> str:
    omitted = column.offset_start_only and result.path.start_offset == 0.0
    return "–" if omitted else column.text(result.measures)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(count: int, left: int) -> str:
    return "|" + "---|" * left + "--:|" * (count - left)
