"""The study as tables: on the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from drive_stack.benchmarks.lateral_control.measures import Measures
from drive_stack.benchmarks.lateral_control.study import Result


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and how a measure is written under it."""

    heading: str
    text: Callable[[Measures], str]
    aside_only: bool = False  # says something only where the car starts beside the path


COLUMNS = (
    Column("worst [m]", lambda of: f"{of.worst:.3f}"),
    Column("RMS [m]", lambda of: f"{of.rms:.3f}"),
    Column("heading [°]", lambda of: f"{np.degrees(of.heading):.2f}"),
    Column("settled [s]", lambda of: f"{of.settled_after:.1f}", aside_only=True),
    Column("overshoot [m]", lambda of: f"{of.overshoot:.3f}", aside_only=True),
    Column("steering [°/s]", lambda of: f"{np.degrees(of.steering_rate):.2f}"),
    Column("jerk [m/s³]", lambda of: f"{of.jerk:.2f}"),
    Column("worst jerk", lambda of: f"{of.worst_jerk:.0f}"),
    Column("ms", lambda of: f"{of.milliseconds:.2f}"),
)
LEGEND = (
    "Worst and RMS: distance of the rear axle from the path. Heading: worst error. Settled: the last time "
    "it was farther than 0.1 m from the path. Overshoot: on the other side than where it was farthest. "
    "Steering: RMS of the wheels' rate. Jerk: sideways, RMS and worst over 50 ms. ms: median of a call."
)


def conditions(results: Sequence[Result]) -> Iterator[tuple[str, list[Result]]]:
    """The results of each condition."""
    for name in dict.fromkeys(result.condition.name for result in results):
        yield name, [result for result in results if result.condition.name == name]


def terminal_tables(results: Sequence[Result]) -> Iterator[Table]:
    """One table a condition."""
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
    """The same, after a table of the worst errors alone."""
    lines = ["### Worst lateral error [m]", "", *_summary(results), "", LEGEND]
    for name, part in conditions(results):
        heads = ["path", "controller", *(column.heading for column in COLUMNS)]
        lines += ["", f"### {name[0].upper()}{name[1:]}", "", _line(heads), _rule(len(heads), left=2)]
        lines += [_line([path, controller, *cells]) for path, controller, cells in _rows(part)]
    return "\n".join(lines) + "\n"


def _summary(results: Sequence[Result]) -> list[str]:
    """Worst error, or overshoot where the car starts aside: a row a path and condition."""
    names = list(dict.fromkeys(result.controller for result in results))
    worst: dict[tuple[str, str], list[str]] = {}
    for result in results:
        aside = result.path.aside != 0.0
        label = f"{result.path.name} (overshoot)" if aside else result.path.name
        value = result.measures.overshoot if aside else result.measures.worst
        worst.setdefault((label, result.condition.name), []).append(f"{value:.3f}")
    heads = ["path", "condition", *names]
    return [_line(heads), _rule(len(heads), left=2), *(_line([*key, *row]) for key, row in worst.items())]


def _rows(part: Sequence[Result]) -> Iterator[tuple[str, str, list[str]]]:
    before = ""
    for result in part:
        path = result.path.name if result.path.name != before else ""
        before = result.path.name
        yield path, result.controller, [_cell(column, result) for column in COLUMNS]


def _cell(column: Column, result: Result) -> str:
    silent = column.aside_only and result.path.aside == 0.0
    return "–" if silent else column.text(result.measures)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(count: int, left: int) -> str:
    return "|" + "---|" * left + "--:|" * (count - left)
