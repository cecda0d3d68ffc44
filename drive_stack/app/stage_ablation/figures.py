"""The figures below the table of stages, and the values that an agent has to reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drive_stack.app.stage_ablation.table import StagesTable
from drive_stack.evaluation.summary import Summary

MIN_SUCCESS_IN_EACH = 0.80  # required fraction of successes in every scenario


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is shown for each column."""

    name: str
    value: Callable[[StagesTable, str], float | None]  # by table and label of the column
    format: Callable[[float], str]
    min_value: float | None = None  # required
    max_value: float | None = None  # allowed

    @property
    def heading(self) -> str:
        """The name with the required value, such as success ≥ 92 %."""
        if self.min_value is not None:
            return f"{self.name} ≥ {100.0 * self.min_value:.0f} %"
        if self.max_value is not None:
            return f"{self.name} ≤ {100.0 * self.max_value:.0f} %"
        return self.name

    def text(self, table: StagesTable, label: str) -> str:
        """Return the figure as text; a dash where there is none."""
        value = self.value(table, label)
        return "–" if value is None else self.format(value)

    def passes(self, table: StagesTable, label: str) -> bool | None:
        """Return whether the figure meets its requirement; None without a requirement or a figure."""
        value = self.value(table, label)
        if value is None or (self.min_value is None and self.max_value is None):
            return None
        return value >= self.min_value if self.min_value is not None else value <= (self.max_value or 0.0)


def _percent(value: float) -> str:
    return f"{100.0 * value:.1f}"


def _count(value: float) -> str:
    return f"{value:.0f}"


def _points(value: float) -> str:
    return f"{100.0 * value:+.1f}"


def _of(value: Callable[[Summary], float | None]) -> Callable[[StagesTable, str], float | None]:
    return lambda table, label: value(table.overall[label])


FIGURES = (
    Figure("episodes", _of(lambda column: column.episodes), _count),
    Figure("success", _of(lambda column: column.success), _percent, min_value=0.92),
    Figure("· 95 % CI from", _of(lambda column: column.interval[0]), _percent),
    Figure("· to", _of(lambda column: column.interval[1]), _percent),
    Figure("· in each", lambda table, label: table.worst[label], _percent, min_value=MIN_SUCCESS_IN_EACH),
    Figure("· over modular", lambda table, label: table.gain[label], _points),
    Figure("people hit", _of(lambda column: column.pedestrian_collisions), _percent, max_value=0.01),
    Figure("route", _of(lambda column: column.route_completion), _percent, min_value=0.96),
    Figure("speed ratio", _of(lambda column: column.speed_ratio), _percent, min_value=0.85),
    Figure("comfort held", _of(lambda column: column.comfort), _percent, min_value=0.90),
    Figure("at-fault collisions", _of(lambda column: column.at_fault), _count),
    Figure("hit by others", _of(lambda column: column.hit_by_others), _count),
    Figure("errors", _of(lambda column: column.errors), _count),
    Figure("driving score", _of(lambda column: column.driving_score), lambda value: f"{value:.1f}"),
)
