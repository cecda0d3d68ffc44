"""The page of the leaderboard in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from drive_stack.escaping import markdown_text
from drive_stack.evaluation.comparison import Comparison, Headline
from drive_stack.evaluation.estimate_text import format_estimate, format_points
from drive_stack.evaluation.shift_drops import ShiftDrop, drop_over, shift_drops
from drive_stack.evaluation.statistics import Estimate
from drive_stack.leaderboard.entries import FRONTIER, STANDARD, Entry, complete
from drive_stack.leaderboard.probes import INERTIA, LOOKS, probes_of

MAX_ROWS = 10  # of a table; further rows are folded
UNKNOWN = "–"
_TEMPLATE = Path(__file__).with_name("page.md.j2")
_Pick = Callable[[Headline], Estimate | None]
_COLUMNS: tuple[tuple[str, _Pick, float], ...] = (
    ("success [%]", lambda headline: headline.success, 100.0),
    ("collisions [%]", lambda headline: headline.collisions, 100.0),
    ("progress [%]", lambda headline: headline.progress, 100.0),
    ("expert progress [%]", lambda headline: headline.progress_of_expert, 100.0),
    ("driving score", lambda headline: headline.driving_score, 1.0),
)
Cells = tuple[str, ...]


def leaderboard_page(entries: Sequence[Entry], episodes: Mapping[str, int]) -> str:
    """The whole page; ``episodes`` is the number of episodes of each suite.

    A table holds the drivers that have driven all episodes of its suite. Those that read the truth have a
    star.
    """
    on = {suite: list(complete(entries, suite, count)) for suite, count in episodes.items()}
    shown = [
        Entry(entry.card, {suite: entry.rows[suite] for suite, own in on.items() if entry in own})
        for entry in entries
        if any(entry in own for own in on.values())
    ]
    template = Environment(autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True)
    return template.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        standard=_standard_table(on[STANDARD]) if on[STANDARD] else "",
        frontier=_frontier_table(on[FRONTIER]) if on[FRONTIER] else "",
        families=_family_table(on[FRONTIER]) if on[FRONTIER] else "",
        costs=_cost_table(shown) if shown else "",
        probes=_probe_table(shown) if shown else "",
        codes=len({row.code_hash for entry in shown for rows in entry.rows.values() for row in rows}),
        inertia=f"{INERTIA:g}",
        looks=", ".join(f"`{family}`" for family in LOOKS),
    )


def _standard_table(entries: Sequence[Entry]) -> str:
    comparison = Comparison([row for entry in entries for row in entry.rows[STANDARD]])
    headlines = {entry.card.name: comparison.headline(entry.card.name) for entry in entries}

    def place(entry: Entry) -> tuple[float, float, str]:
        headline = headlines[entry.card.name]
        return -headline.success.value, -headline.driving_score.value, entry.card.name

    rows = []
    for entry in sorted(entries, key=place):
        headline = headlines[entry.card.name]
        rows.append((_name(entry), *(_estimate(pick(headline), factor) for _, pick, factor in _COLUMNS)))
    return _table(("driver", *(heading for heading, *_ in _COLUMNS)), rows)


def _frontier_table(entries: Sequence[Entry]) -> str:
    rows = [
        (_name(entry), _estimate(drop.base, 100.0), _estimate(drop.shifted, 100.0), _points(drop.drop))
        for entry, drop in _by_loss(entries)
    ]
    return _table(("driver", "base courses [%]", "shifted twins [%]", "drop [points]"), rows)


def _family_table(entries: Sequence[Entry]) -> str:
    """Success on base courses → on their twins of all severities, by family and driver."""
    ordered = [entry for entry, _ in _by_loss(entries)]
    drops = {
        (entry.card.name, drop.family): drop
        for entry in ordered
        for drop in shift_drops(Comparison(entry.rows[FRONTIER]))
        if drop.severity is None
    }
    families = sorted({family for _, family in drops})
    rows = [
        (f"`{family}`", *(_change(drops.get((entry.card.name, family))) for entry in ordered))
        for family in families
    ]
    return _table(("family", *map(_name, ordered)), rows, limit=len(rows))


def _by_loss(entries: Sequence[Entry]) -> list[tuple[Entry, ShiftDrop]]:
    """The entries with pairs of courses, the one with the highest success on shifted twins first."""
    drops = [(entry, drop_over(Comparison(entry.rows[FRONTIER]), entry.card.name)) for entry in entries]
    known = [(entry, drop) for entry, drop in drops if drop is not None]
    return sorted(known, key=lambda pair: (-pair[1].shifted.value, pair[0].card.name))


def _change(drop: ShiftDrop | None) -> str:
    return UNKNOWN if drop is None else f"{100.0 * drop.base.value:.0f} → {100.0 * drop.shifted.value:.0f}"


def _cost_table(entries: Sequence[Entry]) -> str:
    headings = (
        *("driver", "data [min]", "labels [h]", "training [core-h]", "decision [core-ms]", "weights"),
        *("version", "date", "machine"),
    )
    rows = []
    for entry in entries:
        card, costs = entry.card, entry.card.costs
        numbers = (costs.data_minutes, costs.label_hours, costs.core_hours, costs.step_ms, costs.weights)
        versions = {row.versions.get("drive_stack", UNKNOWN) for rows in entry.rows.values() for row in rows}
        rows.append(
            (
                _name(entry),
                *map(_number, numbers),
                markdown_text(" and ".join(sorted(versions))),
                card.date.isoformat(),
                markdown_text(card.machine) or UNKNOWN,
            )
        )
    return _table(headings, rows)


def _probe_table(entries: Sequence[Entry]) -> str:
    rows = []
    for entry in entries:
        probes = probes_of(entry)
        stand = UNKNOWN
        if probes.longest_stand_s is not None:
            stand = f"{probes.longest_stand_s:.1f} ({probes.inert})"
        looks = UNKNOWN if probes.looks is None else _points(probes.looks.drop)
        rows.append((_name(entry), stand, _estimate(probes.recovery, 100.0), looks))
    headings = ("driver", "longest stand [s] (episodes)", "recovery [%]", "drop under unseen looks [points]")
    return _table(headings, rows)


def _table(headings: Cells, rows: Sequence[Cells], limit: int = MAX_ROWS) -> str:
    """A table; rows beyond ``limit`` are in a second table that is folded."""
    head = [f"| {' | '.join(headings)} |", f"| --- |{' ---: |' * (len(headings) - 1)}"]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    text = "\n".join([*head, *lines[:limit]])
    if len(lines) <= limit:
        return text
    rest = "\n".join([*head, *lines[limit:]])
    return f"{text}\n\n<details>\n<summary>Further drivers</summary>\n\n{rest}\n\n</details>"


def _name(entry: Entry) -> str:
    """The driver's name, linked to its code; a star marks a driver that reads the truth."""
    name = f"[{entry.card.name}]({entry.card.link})" if entry.card.link else f"`{entry.card.name}`"
    return f"{name} \\*" if entry.privileged else name


def _estimate(estimate: Estimate | None, factor: float) -> str:
    return UNKNOWN if estimate is None else str(format_estimate(estimate, factor))


def _points(estimate: Estimate) -> str:
    return str(format_points(estimate, sign="-"))


def _number(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value >= 100.0 or value == 0.0 else f"{value:.1f}"
