"""The heat map of successes by ability, scenario and driver."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.evaluation.abilities.assignment import Ability, ability_of
from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.result import EpisodeResult, succeeded
from drive_stack.evaluation.summary import group_of
from drive_stack.report.failures import count_outcomes, describe_failure
from drive_stack.report.tables import Table, TableRow
from drive_stack.scenario_name import ScenarioName
from drive_stack.shifts import base_and_shift, families_with_base

MAX_VARIANTS = 4  # of a scenario, up to which each has a row of its own
MAX_LISTED = 6  # failures that a cell names
# percent of successes → colour; white text on each has a contrast of at least 4.5
_COLOURS = ((50, (0xA8, 0x2E, 0x00)), (75, (0x8A, 0x62, 0x08)), (100, (0x00, 0x62, 0x9B)))
_SKY = re.compile(r"conditions\.(?:weather|light)=\{(\w+): 1\}")


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Successful episodes of all, as a percentage and as text."""

    percent: int
    text: str
    detail: str = ""  # in small print under the text
    tip: str = ""  # the courses, seeds and outcomes behind the figure
    driver: str = ""  # selects its failures, together with the row's key; empty where there are none

    @property
    def colour(self) -> str:
        """Background: blue for all, ochre for three of four, red for half of the episodes and less."""
        return heat_colour(self.percent)


def heat_colour(percent: float) -> str:
    """The colour of a success rate [%], as ``#rrggbb``; the scale spans 50 to 100 %."""
    percent = min(max(percent, _COLOURS[0][0]), 100.0)
    (low, first), (high, second) = next(
        pair for pair in itertools.pairwise(_COLOURS) if percent <= pair[1][0]
    )
    weight = (percent - low) / (high - low)
    mixed = (round(a + weight * (b - a)) for a, b in zip(first, second, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def heat_table(comparison: Comparison) -> Table:
    """Successes of each driver by ability, and below each ability by scenario.

    A scenario's variants (a scenario with keys that are set) have rows of their own, up to `MAX_VARIANTS` of
    a scenario; more are one row. Each row's key is one of the `course_keys` of its courses.
    """
    rows: list[TableRow] = []
    for ability in Ability:
        names = [name for name in comparison.scenarios if ability_of(name) is ability]
        if names:
            rows.append(_row(ability.value, f"ability:{ability.value}", names, comparison, total=True))
            rows += [_row(title, key, members, comparison) for title, key, members in _rows_of(names)]
    return Table(comparison.labels, rows)


def failed_rows(heat: Table) -> list[tuple[str, str, bool]]:
    """Title and key of each row of the heat map with a failure, and whether it is part of an ability."""
    return [
        (row.name, row.key, not row.total)
        for row in heat.rows
        if any(isinstance(cell, HeatCell) and cell.driver for cell in row.cells)
    ]


def ending_table(comparison: Comparison) -> Table:
    """How many episodes of each driver failed in each way, the most frequent way first."""
    results = [comparison.results(label) for label in comparison.labels]
    outcomes = [outcome for outcome, _ in count_outcomes([result for own in results for result in own])]
    counts = [dict(count_outcomes(own)) for own in results]
    rows = [TableRow(outcome, [own.get(outcome, 0) for own in counts]) for outcome in outcomes]
    return Table(comparison.labels, rows)


def course_keys(scenario: str) -> tuple[str, ...]:
    """The keys of the rows that count a course: of its scenario, its ability, and its scenario's variants."""
    base = group_of(scenario)
    variants = () if scenario == base else (f"variants:{base}",)
    return (f"scenario:{scenario}", f"ability:{ability_of(scenario).value}", *variants)


def variant_name(scenario: str) -> str:
    """A scenario's name as a reader expects it: ``curves, fog`` for weather or light that is certain.

    The many keys of a base course of shifts are left out: ``cut_in, interaction 2`` is a shifted twin and
    ``cut_in, base of interaction`` its base. A plain scenario that is a base keeps its name.
    """
    base, shift = base_and_shift(scenario)
    name = ScenarioName.parse(base)
    families = families_with_base(name)
    settings = [found[1] if (found := _SKY.fullmatch(one)) else one for one in name.settings]
    if shift is None:
        if name.settings and families:
            settings = [f"base of {' and '.join(families)}"]
        return ", ".join((name.base, *settings))
    kept = () if shift.family in families else settings
    return ", ".join((name.base, *kept, f"{shift.family} {shift.severity}"))


def _rows_of(names: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    """Title, key and scenarios of the rows of an ability, the variants after their plain scenario."""
    rows: list[tuple[str, str, list[str]]] = []
    for group in dict.fromkeys(map(group_of, names)):
        members = [name for name in names if group_of(name) == group]
        variants = [name for name in members if name != group]
        if group in members:
            rows.append((group, f"scenario:{group}", [group]))
        if len(variants) <= MAX_VARIANTS:
            rows += [(variant_name(name), f"scenario:{name}", [name]) for name in variants]
        else:
            rows.append((f"{group}, {len(variants)} variants", f"variants:{group}", variants))
    return rows


def _row(
    title: str, key: str, names: Sequence[str], comparison: Comparison, *, total: bool = False
) -> TableRow:
    members = set(names)
    cells = []
    for label in comparison.labels:
        results = [result for result in comparison.results(label) if result.scenario in members]
        cells.append(_cell(title, label, results))
    return TableRow(title, cells, total=total, key=key)


def _cell(title: str, label: str, results: Sequence[EpisodeResult]) -> HeatCell | None:
    if not results:
        return None
    failures = [result for result in results if not succeeded(result)]
    successes = len(results) - len(failures)
    return HeatCell(
        percent=round(100 * successes / len(results)),
        text=f"{successes} / {len(results)}",
        tip=_tip(title, label, failures, len(results)),
        driver=label if failures else "",
    )


def _tip(title: str, label: str, failures: Sequence[EpisodeResult], episodes: int) -> str:
    """What a reader sees who points at the cell: the failures by course and seed."""
    head = f"{label}, {title}: {episodes - len(failures)} of {episodes} successful"
    several = len(Counter(result.scenario for result in failures)) > 1
    lines = [
        (f"{variant_name(result.scenario)}, " if several else "")
        + f"seed {result.seed}: {describe_failure(result)}"
        for result in failures[:MAX_LISTED]
    ]
    more = [f"and {len(failures) - MAX_LISTED} more"] if len(failures) > MAX_LISTED else []
    return "\n".join((head, *lines, *more))
