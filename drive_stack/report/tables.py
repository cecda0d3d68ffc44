"""The report's tables as the text that the page shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.comparison import Comparison, Headline, Part
from drive_stack.evaluation.estimate_text import DECIMALS, format_estimate
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.schemes.nuplan import SAFE_TTC
from drive_stack.evaluation.statistics import Estimate

SCHEME_NAMES = {
    "carla_2_0": "CARLA 2.0",
    "carla_2_1": "CARLA 2.1",
    "nuplan": "nuPlan",
    "pdms": "NAVSIM PDMS",
    "epdms": "NAVSIM EPDMS",
}
TERM_NAMES = {"ttc": "time to collision", "history_comfort": "comfort"}  # where the key is no heading
HEADLINE_NOTE = (
    "Success: the route was completed with no at-fault collision. Collisions: episodes with an at-fault "
    "collision that a careful driver (UN R157) would have avoided. Progress: completed part of the route. "
    "Expert progress: distance driven within the expert's time, relative to the expert's distance. Driving "
    "score: that of Bench2Drive, 0 to 100. Comfort: part of the time within nuPlan's comfort bounds. Bold: "
    "the best driver among those that do not read the truth."
)
PRIVILEGED_NOTE = "* reads the simulator's truth: a reference, not a competitor."


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure with its interval as text."""

    value: str
    interval: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table; the type of its cells depends on the table."""

    name: str
    cells: Sequence[object]
    total: bool = False
    key: str = ""  # of the episodes that the row counts, where the page can select them


@dataclass(frozen=True, slots=True)
class Table:
    """The headings of all columns except the first, and the rows."""

    columns: Sequence[str]
    rows: Sequence[TableRow]
    privileged: bool = False

    @property
    def labels(self) -> Sequence[str]:
        """The labels of the columns, where these are drivers."""
        return self.columns


_Pick = Callable[[Headline], Estimate | None]
# heading, figure, factor, decimals, and whether more is better (None: neither)
_HEADLINE: tuple[tuple[str, _Pick, float, int, bool | None], ...] = (
    ("success [%]", lambda result: result.success, 100.0, DECIMALS, True),
    ("collisions [%]", lambda result: result.collisions, 100.0, DECIMALS, False),
    ("progress [%]", lambda result: result.progress, 100.0, DECIMALS, True),
    ("expert progress [%]", lambda result: result.progress_of_expert, 100.0, DECIMALS, True),
    ("driving score", lambda result: result.driving_score, 1.0, DECIMALS, True),
    ("speed [km/h]", lambda result: result.speed_mps, 3.6, 0, None),
    ("comfort [%]", lambda result: result.comfort, 100.0, DECIMALS, True),
)
_HABITS: tuple[tuple[str, Callable[[EpisodeResult], float | None], str], ...] = (
    (
        f"episodes with minimum TTC below {SAFE_TTC} s [%]",
        lambda result: 100.0 * (result.min_ttc_s is not None and result.min_ttc_s < SAFE_TTC),
        "{:.1f}",
    ),
    ("distance from lane centre [m]", lambda result: result.lane_offset_m, "{:.2f}"),
    ("distance driven outside lanes [%]", lambda result: 100.0 * result.off_lane, "{:.2f}"),
    (
        "speed relative to traffic [%]",
        lambda result: None if result.pace_of_traffic is None else 100.0 * result.pace_of_traffic,
        "{:.1f}",
    ),
    (
        "stationary with a free road [s]",
        lambda result: result.standing_free_s if _has_habits(result) else None,
        "{:.2f}",
    ),
    ("interventions", lambda result: float(result.interventions) if _has_habits(result) else None, "{:.2f}"),
    ("autonomy [%]", lambda result: 100.0 * result.autonomy if _has_habits(result) else None, "{:.1f}"),
)


def _has_habits(result: EpisodeResult) -> bool:
    """False for a row of an older version, which did not measure them: its zeros mean nothing."""
    return bool(result.speeds_mps)


def headline_table(comparison: Comparison) -> Table:
    """A row for each driver; the best figure of each column among unprivileged drivers is marked.

    In an unfinished run none is marked. If some courses are shifted, each driver has a row for base courses
    and one for shifted courses.
    """
    rows = [row for part in comparison.parts for row in _headline_rows(part)]
    columns = ["episodes", *(heading for heading, *_ in _HEADLINE)]
    return Table(columns, rows, any(comparison.headline(label).privileged for label in comparison.labels))


def _headline_rows(part: Part) -> list[TableRow]:
    comparison, of_courses = part.comparison, f", {part.name}" if part.name else ""
    headlines = [comparison.headline(label) for label in comparison.labels]
    candidates = [] if comparison.completeness.text else headlines
    best = [_best(candidates, pick, more) for _, pick, _, _, more in _HEADLINE]
    return [
        TableRow(
            headline.label + (" *" if headline.privileged else "") + of_courses,
            [
                Cell(f"{headline.episodes}" + (f" ({headline.errors} failed)" if headline.errors else "")),
                *(
                    _cell(pick(headline), factor, decimals, best=headline.label in best[index])
                    for index, (_, pick, factor, decimals, _) in enumerate(_HEADLINE)
                ),
            ],
        )
        for headline in headlines
    ]


def scheme_table(comparison: Comparison) -> Table | None:
    """Each scheme's total with its interval, and the means of its terms; None where no row has scores."""
    rows: list[TableRow] = []
    totals = [comparison.headline(label).schemes for label in comparison.labels]
    results = [comparison.results(label) for label in comparison.labels]
    for scheme in dict.fromkeys(name for schemes in totals for name in schemes):
        cells = [_cell(schemes.get(scheme), 1.0, DECIMALS, best=False) for schemes in totals]
        rows.append(TableRow(SCHEME_NAMES.get(scheme, scheme), cells, total=True))
        scored = [
            [result.scores[scheme].terms for result in driver if scheme in result.scores]
            for driver in results
        ]
        for term in dict.fromkeys(name for driver in scored for terms in driver for name in terms):
            means = [_mean([terms[term] for terms in driver if term in terms], "{:.3f}") for driver in scored]
            rows.append(
                TableRow(TERM_NAMES.get(term, term.replace("_", " ")), [Cell(mean) for mean in means])
            )
    return Table(comparison.labels, rows) if rows else None


def habit_table(comparison: Comparison) -> Table:
    """Driving habits, which the headline table leaves out; only of episodes in which the car moved."""
    rows = []
    for label in comparison.labels:
        results = [result for result in comparison.results(label) if result.duration_s > 0.0]
        cells = [
            _mean([value for result in results if (value := pick(result)) is not None], form)
            for _, pick, form in _HABITS
        ]
        rows.append(TableRow(label, cells))
    return Table([heading for heading, *_ in _HABITS], rows)


def _cell(estimate: Estimate | None, factor: float, decimals: int, *, best: bool) -> Cell:
    if estimate is None:
        return Cell("–")
    text = format_estimate(estimate, factor, decimals)
    return Cell(text.value, text.interval, best)


def _best(headlines: Sequence[Headline], pick: _Pick, more: bool | None) -> set[str]:
    """Labels of the unprivileged drivers with the best value; empty where there are not two to compare."""
    values = {
        headline.label: estimate.value
        for headline in headlines
        if not headline.privileged and (estimate := pick(headline))
    }
    if more is None or len(values) < 2:
        return set()
    top = max(values.values()) if more else min(values.values())
    return {label for label, value in values.items() if value == top}


def _mean(values: Sequence[float], form: str) -> str:
    return form.format(float(np.mean(values))) if values else "–"
