"""The report's tables, in words and numbers as they stand on the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.comparison import Comparison, Headline
from drive_stack.evaluation.result import EpisodeResult, succeeded
from drive_stack.evaluation.schemes.nuplan import SAFE_TTC
from drive_stack.evaluation.statistics import Estimate
from drive_stack.evaluation.wording import DECIMALS, written

SCHEME_NAMES = {
    "carla_2_0": "CARLA 2.0",
    "carla_2_1": "CARLA 2.1",
    "nuplan": "nuPlan",
    "pdms": "NAVSIM PDMS",
    "epdms": "NAVSIM EPDMS",
}
HEADLINE_WORDS = (
    "Success: completed, and no collision of the driver's own fault. Collisions: episodes with one that was "
    "its own fault and that a careful driver (UN R157) would have avoided. Of the expert's: the share of the "
    "expert's distance that was driven in the expert's time. Bold: the best of those that do not read the "
    "truth."
)
PRIVILEGED_WORDS = "* reads the truth: a reference, not a contestant."


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure with its interval."""

    value: str
    spread: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table; what its cells are depends on the table."""

    name: str
    cells: Sequence[object]
    total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Headings over all columns but the first, and rows."""

    columns: Sequence[str]
    rows: Sequence[Line]
    privileged: bool = False

    @property
    def labels(self) -> Sequence[str]:
        """Of the columns, where those are drivers."""
        return self.columns


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Successes of episodes."""

    percent: int
    words: str


_Pick = Callable[[Headline], Estimate | None]
# heading, figure, factor, decimals, and whether more is better; of speed neither more nor less is
_HEADLINE: tuple[tuple[str, _Pick, float, int, bool | None], ...] = (
    ("success [%]", lambda one: one.success, 100.0, DECIMALS, True),
    ("collisions [%]", lambda one: one.collisions, 100.0, DECIMALS, False),
    ("progress [%]", lambda one: one.progress, 100.0, DECIMALS, True),
    ("of the expert's [%]", lambda one: one.progress_of_expert, 100.0, DECIMALS, True),
    ("driving score", lambda one: one.driving_score, 1.0, DECIMALS, True),
    ("speed [km/h]", lambda one: one.speed_mps, 3.6, 0, None),
    ("comfort [%]", lambda one: one.comfort, 100.0, DECIMALS, True),
)
_HABITS: tuple[tuple[str, Callable[[EpisodeResult], float | None], str], ...] = (
    (
        f"least TTC below {SAFE_TTC} s [%]",
        lambda one: 100.0 * (one.min_ttc_s is not None and one.min_ttc_s < SAFE_TTC),
        "{:.1f}",
    ),
    ("off the lane's middle [m]", lambda one: one.lane_offset_m, "{:.2f}"),
    ("outside the lanes [%]", lambda one: 100.0 * one.off_lane, "{:.2f}"),
    (
        "speed of the traffic's [%]",
        lambda one: None if one.pace_of_traffic is None else 100.0 * one.pace_of_traffic,
        "{:.1f}",
    ),
    ("standing, road free [s]", lambda one: one.standing_free_s if _watched(one) else None, "{:.2f}"),
    ("interventions", lambda one: float(one.interventions) if _watched(one) else None, "{:.2f}"),
    ("autonomy [%]", lambda one: 100.0 * one.autonomy if _watched(one) else None, "{:.1f}"),
)


def _watched(one: EpisodeResult) -> bool:
    """Rows of before these were measured say that nothing happened."""
    return bool(one.speeds_mps)


def headline_table(comparison: Comparison) -> Table:
    """A row for each driver; the best honest figure of a column is marked."""
    found = [comparison.headline(label) for label in comparison.labels]
    best = [_best(found, pick, more) for _, pick, _, _, more in _HEADLINE]
    rows = [
        Line(
            one.label + (" *" if one.privileged else ""),
            [
                Cell(f"{one.episodes}" + (f" ({one.errors} failed)" if one.errors else "")),
                *(
                    _cell(pick(one), factor, decimals, best=one.label in best[index])
                    for index, (_, pick, factor, decimals, _) in enumerate(_HEADLINE)
                ),
            ],
        )
        for one in found
    ]
    columns = ["episodes", *(heading for heading, *_ in _HEADLINE)]
    return Table(columns, rows, any(one.privileged for one in found))


def heat_table(comparison: Comparison) -> Table:
    """Scenario by driver."""
    rows = [
        Line(group, [_heat(comparison.results(label, group)) for label in comparison.labels])
        for group in comparison.groups
    ]
    return Table(comparison.labels, rows)


def scheme_table(comparison: Comparison) -> Table | None:
    """Each scheme's total with its interval, and its terms; None where no row has any."""
    rows: list[Line] = []
    totals = [comparison.headline(label).schemes for label in comparison.labels]
    results = [comparison.results(label) for label in comparison.labels]
    for scheme in dict.fromkeys(name for found in totals for name in found):
        cells = [_cell(found.get(scheme), 1.0, DECIMALS, best=False) for found in totals]
        rows.append(Line(SCHEME_NAMES.get(scheme, scheme), cells, total=True))
        scored = [[one.scores[scheme].terms for one in found if scheme in one.scores] for found in results]
        for term in dict.fromkeys(name for found in scored for terms in found for name in terms):
            means = [_mean([terms[term] for terms in found if term in terms], "{:.3f}") for found in scored]
            rows.append(Line(term.replace("_", " "), [Cell(one) for one in means]))
    return Table(comparison.labels, rows) if rows else None


def habit_table(comparison: Comparison) -> Table:
    """What the headline does not tell, of episodes in which something was driven."""
    rows = []
    for label in comparison.labels:
        results = [one for one in comparison.results(label) if one.duration_s > 0.0]
        cells = [
            _mean([value for one in results if (value := pick(one)) is not None], form)
            for _, pick, form in _HABITS
        ]
        rows.append(Line(label, cells))
    return Table([heading for heading, *_ in _HABITS], rows)


def _cell(found: Estimate | None, factor: float, decimals: int, *, best: bool) -> Cell:
    if found is None:
        return Cell("–")
    text = written(found, factor, decimals)
    return Cell(text.value, text.interval, best)


def _best(found: Sequence[Headline], pick: _Pick, more: bool | None) -> set[str]:
    """Labels of the honest drivers with the best value, where there are several drivers to compare."""
    values = {one.label: estimate.value for one in found if not one.privileged and (estimate := pick(one))}
    if more is None or len(values) < 2:
        return set()
    top = max(values.values()) if more else min(values.values())
    return {label for label, value in values.items() if value == top}


def _heat(results: Sequence[EpisodeResult]) -> HeatCell | None:
    if not results:
        return None
    good = sum(map(succeeded, results))
    return HeatCell(round(100 * good / len(results)), f"{good} / {len(results)}")


def _mean(values: Sequence[float], form: str) -> str:
    return form.format(float(np.mean(values))) if values else "–"
