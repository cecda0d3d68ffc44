"""Results of the speed benchmark as records, a table, Markdown and one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from rich.table import Table

from drive_stack.support.machine import describe_machine

COMPARED_PACKAGES = ("highway-env", "ultralytics", "torch", "openvino", "panda3d", "numba", "numpy")


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; ``ours`` and ``baseline`` are rates in the same unit, or times where less is better."""

    key: str  # in the ratios of the JSON
    what: str
    ours: float
    baseline: float
    unit: str
    against: str
    needed: float | None = None  # required ratio
    is_time: bool = False  # whether less is better

    @property
    def ratio(self) -> float:
        """Rate or time relative to the baseline's."""
        return self.ours / self.baseline


@dataclass(frozen=True, slots=True)
class Results:
    """All results of a run."""

    world: tuple[Row, ...]  # traffic, environment, camera
    drivers: tuple[Row, ...]  # networks and whole drives
    stages_ms: Mapping[str, float]  # medians of a step of the modular driver
    growth: Mapping[
        str, Mapping[int, float]
    ]  # of each contender: ticks or steps per second by number of vehicles

    @property
    def rows(self) -> tuple[Row, ...]:
        """All comparisons, in the order in which they were measured."""
        return self.world + self.drivers


def terminal_table(results: Results) -> Table:
    """Format the comparisons for a terminal."""
    table = Table(title="Medians, side by side in one run", title_style="bold", title_justify="left")
    for heading in ("what", "ours", "baseline", "unit", "against", "ratio", "needed"):
        table.add_column(heading, justify="right" if heading in ("ours", "baseline", "ratio") else "left")
    for row in results.rows:
        table.add_row(*_cells(row))
    return table


def markdown(results: Results, command: str) -> str:
    """Format the comparisons and the stages for the documentation."""
    lines = [
        f"Measured by `{command}` on {describe_machine()}.",
        "",
        *_markdown_table("the world", results.world),
        *_markdown_table("networks and drivers", results.drivers),
        "A step of the modular driver, medians in ms: "
        + ", ".join(f"{stage} {spent:.1f}" for stage, spent in results.stages_ms.items())
        + ".",
        "",
    ]
    return "\n".join(lines)


def json_line(results: Results) -> str:
    """Format one JSON line: ``ratios``, ``rates``, ``stages_ms``, ``growth``, the machine and versions."""
    by_key = {row.key: row for row in results.rows}
    content = {
        "ratios": {key: round(row.ratio, 3) for key, row in by_key.items()},
        "rates": {
            "camera_fps": round(by_key["camera_of_bare_engine"].ours, 1),
            "traffic_ticks_20": round(by_key["traffic_20"].ours, 1),
            "traffic_ticks_50": round(by_key["traffic_50"].ours, 1),
        },
        "stages_ms": {stage: round(spent, 3) for stage, spent in results.stages_ms.items()},
        "growth": {
            name: {str(count): round(rate, 1) for count, rate in line.items()}
            for name, line in results.growth.items()
        },
        "machine": describe_machine(),
        "versions": {name: version(name) for name in COMPARED_PACKAGES},
    }
    return json.dumps(content)


def _markdown_table(title: str, rows: Sequence[Row]) -> list[str]:
    return [
        f"| {title} | ours | baseline | unit | against | ratio | needed |",
        "|---|---|---|---|---|---|---|",
        *("| " + " | ".join(_cells(row)) + " |" for row in rows),
        "",
    ]


def _cells(row: Row) -> tuple[str, ...]:
    needed = "" if row.needed is None else f"{'≤' if row.is_time else '≥'} {row.needed:g}"
    return (
        row.what,
        _figure(row.ours),
        _figure(row.baseline),
        row.unit,
        row.against,
        _figure(row.ratio),
        needed,
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"
