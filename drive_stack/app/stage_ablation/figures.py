"""The figures below the table of stages, and the bar that a driver must clear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drive_stack.app.stage_ablation.table import StagesTable
from drive_stack.evaluation.summary import Summary

LEAST_IN_EACH = 0.80  # successes in every scenario


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of each column."""

    name: str
    value: Callable[[StagesTable, str], float | None]  # of a column, by its label
    words: Callable[[float], str]
    least: float | None = None  # the bar
    most: float | None = None  # the bar

    @property
    def heading(self) -> str:
        """Its name with the bar, such as success ≥ 92 %."""
        if self.least is not None:
            return f"{self.name} ≥ {100.0 * self.least:.0f} %"
        if self.most is not None:
            return f"{self.name} ≤ {100.0 * self.most:.0f} %"
        return self.name

    def text(self, table: StagesTable, label: str) -> str:
        """The figure as a person reads it."""
        value = self.value(table, label)
        return "–" if value is None else self.words(value)

    def passes(self, table: StagesTable, label: str) -> bool | None:
        """Whether it clears the bar; None where there is none, or no figure."""
        value = self.value(table, label)
        if value is None or (self.least is None and self.most is None):
            return None
        return value >= self.least if self.least is not None else value <= (self.most or 0.0)


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
    Figure("success", _of(lambda column: column.success), _percent, least=0.92),
    Figure("· 95 % sure: from", _of(lambda column: column.interval[0]), _percent),
    Figure("· to", _of(lambda column: column.interval[1]), _percent),
    Figure("· in each", lambda table, label: table.worst[label], _percent, least=LEAST_IN_EACH),
    Figure("· over modular", lambda table, label: table.gain[label], _points),
    Figure("people hit", _of(lambda column: column.people_hit), _percent, most=0.01),
    Figure("route", _of(lambda column: column.route_completion), _percent, least=0.96),
    Figure("speed ratio", _of(lambda column: column.speed_ratio), _percent, least=0.85),
    Figure("comfort held", _of(lambda column: column.comfort), _percent, least=0.90),
    Figure("at-fault collisions", _of(lambda column: column.at_fault), _count),
    Figure("hit by others", _of(lambda column: column.hit_by_others), _count),
    Figure("errors", _of(lambda column: column.errors), _count),
    Figure("driving score", _of(lambda column: column.driving_score), lambda value: f"{value:.1f}"),
)
