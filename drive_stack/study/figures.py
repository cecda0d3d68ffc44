"""The study's figure: success of each arm against one horizontal axis, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from drive_stack.study.analysis import ArmAnalysis, StudyAnalysis
from drive_stack.study.cells import Cell
from drive_stack.study.comparison.crossings import Crossing
from drive_stack.study.config import Axis
from drive_stack.study.costs import CostMap, cost_map, cost_of
from drive_stack.study.resampling import CurveSample, band
from drive_stack.support.atomic_files import atomic_file
from drive_stack.types import FloatArray

FAR = 10.0  # ends of intervals are not named beyond so many times the range
LABELS: Mapping[Axis, str] = {
    Axis.MINUTES: "driving recorded [min]",
    Axis.LABEL_HOURS: "label cost [h]",
    Axis.CORE_HOURS: "CPU time of training [core-hours]",
    Axis.DECISION_MS: "CPU time of one decision [core-ms]",
}
UNITS: Mapping[Axis, str] = {
    Axis.MINUTES: "min",
    Axis.LABEL_HOURS: "h",
    Axis.CORE_HOURS: "core-hours",
    Axis.DECISION_MS: "core-ms",
}
COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#D55E00", "#E69F00", "#CC79A7")  # distinct when colour-blind
STROKES = ("-", "--", "-.", "-", "--", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")
CURVE_POINTS = 120
BAR_HEIGHT, MARKED = 2.0, "#333333"  # of the crossing's interval: place [% of success] and colour


@dataclass(frozen=True, slots=True)
class _Style:
    """How an arm is drawn."""

    label: str
    colour: str
    stroke: str
    marker: str


def write_figure(analysis: StudyAnalysis, axis: Axis, file: Path) -> None:
    """Write success against an axis; equal analyses give an equal file.

    Lines are the fitted curves with their 95 % bands, large markers the means of the sizes, small ones single
    trainings. An arm with too few sizes for a curve has 95 % intervals at its means instead. The crossing of
    the primary pair is marked with its interval. On the axis of decisions, a larger marker is a mean of a
    larger size.

    Raises:
        ConfigError: the file cannot be written.
    """
    figure = Figure(figsize=(9.0, 5.4), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    if axis is not Axis.DECISION_MS:
        axes.set_xscale("log")
    for number, name in enumerate(analysis.plan.arms):  # an arm keeps its style as long as others are missing
        if name in analysis.arms:
            style = _Style(
                name.replace("_", " "), COLOURS[number % 6], STROKES[number % 6], MARKERS[number % 6]
            )
            _draw_arm(axes, analysis.arms[name], axis, analysis, style)
    crossing = analysis.crossing(analysis.plan.analysis.pairs[0], axis)
    if isinstance(crossing, Crossing):
        _mark_crossing(axes, crossing)
    axes.set_xlabel(LABELS[axis])
    axes.set_ylabel("success [%]")
    axes.set_ylim(0.0, 103.0)
    if axis is Axis.DECISION_MS:
        axes.set_xlim(left=0.0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    if analysis.arms:
        figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=3)
    with mpl.rc_context({"svg.hashsalt": "drive-stack"}), atomic_file(file) as part:
        figure.savefig(part, format="svg", metadata={"Date": None})


def _draw_arm(axes: Axes, arm: ArmAnalysis, axis: Axis, analysis: StudyAnalysis, style: _Style) -> None:
    outcomes = arm.outcomes
    if axis is Axis.DECISION_MS:  # a training that failed decides nothing
        outcomes = outcomes.where(lambda training: not training.failed)
        if not outcomes.trainings:
            return
    costs = np.array([cost_of(training, axis, analysis.plan) for training in outcomes.trainings])
    success = 100.0 * (1.0 - outcomes.failed.mean(axis=1))
    if not np.all(costs > 0.0):
        best = 100.0 * arm.cells[-1].success.value
        label = f"{style.label}: costs nothing here ({arm.cells[-1].size:,} rows)"
        axes.axhline(best, color=style.colour, linestyle=":", linewidth=1.4, label=label)
        return
    groups = [outcomes.sizes == size for size in np.unique(outcomes.sizes)]
    means = np.array([(costs[group].mean(), success[group].mean()) for group in groups])
    growth = cost_map(outcomes.trainings, axis, analysis.plan)
    areas = _areas(np.unique(outcomes.sizes)) if axis is Axis.DECISION_MS else np.full(len(groups), 36.0)
    for (cost, mean), area in zip(means, areas, strict=True):
        axes.plot(
            cost,
            mean,
            style.marker,
            color=style.colour,
            markersize=math.sqrt(area),
            markeredgecolor="white",
            markeredgewidth=0.6,
        )
    axes.plot([], [], style.marker, color=style.colour, linestyle=style.stroke, label=style.label)
    if axis is not Axis.DECISION_MS:
        axes.plot(costs, success, style.marker, color=style.colour, markersize=2.5, alpha=0.45, linestyle="")
    if growth is not None and arm.sample is not None:
        _draw_curve(axes, arm.sample, growth, style)
    else:
        drawn = [cell for cell in arm.cells if cell.size in outcomes.sizes]
        _draw_intervals(axes, drawn, means[:, 0], style)


def _areas(sizes: NDArray[np.int64]) -> FloatArray:
    """Areas of the markers of an arm's sizes: larger with every doubling of the data."""
    return np.asarray(16.0 + 14.0 * np.log2(sizes / sizes.min()))


def _draw_curve(axes: Axes, sample: CurveSample, growth: CostMap, style: _Style) -> None:
    amounts: FloatArray = np.geomspace(*growth.range, CURVE_POINTS)
    rows = growth.rows(amounts)
    low, high = band(100.0 * sample.curves.success(rows))
    axes.fill_between(amounts, low, high, color=style.colour, alpha=0.15, linewidth=0.0)
    curve = 100.0 * sample.fit.curve.success(rows)
    axes.plot(amounts, curve, style.stroke, color=style.colour, linewidth=1.6)


def _draw_intervals(axes: Axes, cells: Sequence[Cell], costs: FloatArray, style: _Style) -> None:
    """The interval of each size, at its mean cost."""
    low = [100.0 * cell.success.low for cell in cells]
    high = [100.0 * cell.success.high for cell in cells]
    axes.vlines(costs, low, high, color=style.colour, linewidth=1.2, alpha=0.6)


def _mark_crossing(axes: Axes, crossing: Crossing) -> None:
    """A line at the crossing and a labelled bar for its interval, inside the axes; and their text."""
    low, high = axes.get_xlim()
    position = crossing.position
    left, right = max(position.low, low), min(position.high, high)
    if left < right:
        axes.hlines(BAR_HEIGHT, left, right, color=MARKED, linewidth=3.0)
        _label_bar(axes, left, right)
    if low <= crossing.estimate <= high:
        axes.axvline(crossing.estimate, color=MARKED, linestyle=(0, (2, 2)), linewidth=1.0)
    axes.set_xlim(low, high)
    axes.set_title(crossing_text(crossing), loc="left", fontsize=10)


def _label_bar(axes: Axes, left: float, right: float) -> None:
    """Name the bar from ``left`` to ``right`` above the end that is nearer to an edge of the axes."""
    ends = axes.transAxes.inverted().transform(axes.transData.transform([(left, 0.0), (right, 0.0)]))
    at, side = (left, "left") if ends[:, 0].sum() < 1.0 else (right, "right")
    axes.annotate(
        "95 % interval of the crossing",
        (at, BAR_HEIGHT),
        xytext=(0.0, 4.0),
        textcoords="offset points",
        ha=side,
        fontsize=8,
        color=MARKED,
        bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
    )


def crossing_text(crossing: Crossing) -> str:
    """Where the challenger overtakes, and on a second line how sure this is."""
    challenger, incumbent = crossing.challenger.replace("_", " "), crossing.incumbent.replace("_", " ")
    low, high = (_bound_text(value, crossing) for value in (crossing.position.low, crossing.position.high))
    interval = low if low == high else f"{low} to {high}"
    never = f"{100.0 * crossing.never_in_range:.0f} %"
    if crossing.estimate == 0.0:
        text = f"{challenger} is ahead of {incumbent} over the whole range"
    elif math.isinf(crossing.estimate):
        text = f"{challenger} does not overtake {incumbent}"
    else:
        at = f"{amount_text(crossing.estimate)} {UNITS[crossing.axis]}"
        text = f"{challenger} overtakes {incumbent} at {at}"
        if crossing.estimate > crossing.range[1]:
            text = f"by the curves {challenger} would overtake {incumbent} at {at}, beyond what was measured"
    return f"{text}\n95 % interval: {interval}; probability of no crossing within the range: {never}"


def _bound_text(value: float, crossing: Crossing) -> str:
    """An end of the interval, which the curves do not tell far beyond what was measured."""
    limit = FAR * crossing.range[1]
    if limit < value < math.inf:
        return f"more than {amount_text(limit)} {UNITS[crossing.axis]}"
    return f"{amount_text(value)} {UNITS[crossing.axis]}" if 0.0 < value < math.inf else amount_text(value)


def amount_text(value: float) -> str:
    """The amount of a crossing with two significant digits; 0 and infinity as words."""
    if value == 0.0:
        return "the start"
    return "never" if math.isinf(value) else f"{float(f'{value:.2g}'):,.6g}"
