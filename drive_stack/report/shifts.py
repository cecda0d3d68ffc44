"""The report's section on shifted courses: a heat map of families and drivers, and success over severity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from drive_stack.evaluation.estimate_text import format_points
from drive_stack.evaluation.redraws.records import PairedWorlds
from drive_stack.evaluation.shift_drops import ShiftDrop
from drive_stack.report.figures import colour_of
from drive_stack.report.heat import HeatCell
from drive_stack.report.svg import drawing
from drive_stack.report.tables import Table, TableRow

_COLUMNS = 3  # of the figure
_MARKERS = "osD^v<>"
DROP_NOTE = (
    "Success on base courses → on their shifted twins, and the drop in percentage points with its 95 % "
    "paired interval (Newcombe 1998), which counts worlds. n: pairs."
)


def redraw_note(worlds: PairedWorlds) -> str:
    """How many worlds of paired courses were redrawn, and which; empty without such courses."""
    count, redraws = worlds.count, worlds.redraws
    if not count:
        return ""
    if not redraws:
        return f"No redraws in {_worlds(count)}: UN R157's careful driver can avoid all hazards."
    which = "; ".join(
        f"{redraw.course}, seed {redraw.seed} → {redraw.replacement} ({redraw.reason})" for redraw in redraws
    )
    times = "1 redraw" if len(redraws) == 1 else f"{len(redraws)} redraws"
    return f"{times} in {_worlds(count)}, because UN R157's careful driver could not avoid a hazard: {which}."


def _worlds(count: int) -> str:
    return "1 world" if count == 1 else f"{count} worlds"


def drop_table(drops: Sequence[ShiftDrop], labels: Sequence[str]) -> Table | None:
    """Families and their severities by driver; None without shifted courses."""
    if not drops:
        return None
    by_cell = {(drop.family, drop.severity, drop.label): drop for drop in drops}
    keys = sorted({(drop.family, drop.severity or 0) for drop in drops})
    rows = [
        TableRow(
            f"{family}, severity {severity}" if severity else family,
            [_cell(by_cell.get((family, severity or None, label))) for label in labels],
            total=not severity,
        )
        for family, severity in keys
    ]
    return Table(labels, rows)


def severity_plot(drops: Sequence[ShiftDrop], labels: Sequence[str]) -> str:
    """Success against severity, one panel per family and one line per driver; severity 0 is the base."""
    families = sorted({drop.family for drop in drops})
    if not families:
        return ""
    lines = -(-len(families) // _COLUMNS)
    with drawing(9.0, 0.5 + 2.3 * lines, "success against severity, by family") as (figure, text):
        panels = figure.subplots(lines, _COLUMNS, squeeze=False, sharey=True)
        for axes, family in zip(panels.flat, families, strict=False):
            of_family = [drop for drop in drops if drop.family == family]
            _draw_family(axes, family, of_family, labels)
        for axes in panels.flat[len(families) :]:
            axes.set_visible(False)
        handles, names = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper left", ncol=6, fontsize=9)
    return text[0]


def _draw_family(axes: Axes, family: str, drops: Sequence[ShiftDrop], labels: Sequence[str]) -> None:
    for number, label in enumerate(labels):
        points = _points([drop for drop in drops if drop.label == label])
        severities = [severity + 0.08 * (number - (len(labels) - 1) / 2.0) for severity in points]
        values = [100.0 * value for value, _, _ in points.values()]
        errors = [
            [100.0 * (value - low) for value, low, _ in points.values()],
            [100.0 * (high - value) for value, _, high in points.values()],
        ]
        axes.errorbar(
            severities, values, yerr=errors, color=colour_of(label, labels), label=label, lw=1.4,
            elinewidth=0.8, marker=_MARKERS[number % len(_MARKERS)], ms=4,
        )  # fmt: skip
    axes.set_title(family, fontsize=10)
    axes.set(xlabel="severity", ylabel="success [%]", ylim=(-4, 104), xlim=(-0.4, None))
    axes.set_xticks(range(1 + max(drop.severity or 0 for drop in drops)))
    axes.grid(axis="y")
    axes.label_outer(remove_inner_ticks=False)


def _points(drops: Sequence[ShiftDrop]) -> Mapping[int, tuple[float, float, float]]:
    """Success with its interval by severity; the base is that of all severities."""
    chosen = {drop.severity or 0: drop.shifted if drop.severity else drop.base for drop in drops}
    return {severity: (est.value, est.low, est.high) for severity, est in sorted(chosen.items())}


def _cell(drop: ShiftDrop | None) -> HeatCell | None:
    if drop is None:
        return None
    text = format_points(drop.drop, sign="-")
    unpaired = f", {drop.unpaired} without base" if drop.unpaired else ""
    return HeatCell(
        round(100.0 * drop.shifted.value),
        f"{100.0 * drop.base.value:.0f} → {100.0 * drop.shifted.value:.0f} %",
        f"drop {text.value} ({text.interval}), n {drop.pairs}{unpaired}",
    )
