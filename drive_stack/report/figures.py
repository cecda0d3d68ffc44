"""The report's plots, each as SVG for the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from drive_stack.evaluation.comparison import Comparison, ScenarioDifference
from drive_stack.evaluation.metrics.ttc import HORIZON
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.report.svg import ACCENT, LINE, PAPER, drawing, interactive

# of Okabe and Ito, distinct for the colour-blind; visible on white and on black
PALETTE = ("#7f7f7f", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_STYLES = ("-", "--", "-.", ":")
_TOTAL = "agent"  # a driver as a whole
_STAGELESS_COLOURS = {_TOTAL: "#8c6d46", "policy": "#8f5bd0"}  # of drivers without stages
_DISTRIBUTIONS: tuple[tuple[str, str, Callable[[EpisodeResult], float]], ...] = (
    (
        "minimum time to collision",
        "s",
        lambda result: HORIZON if result.min_ttc_s is None else result.min_ttc_s,
    ),
    ("mean speed", "km/h", lambda result: 3.6 * result.mean_speed_mps),
    ("time within comfort bounds", "%", lambda result: 100.0 * result.comfort),
)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a plot."""

    name: str  # in the legend
    points: tuple[tuple[float, float], ...]


def colour_of(label: str, labels: Sequence[str]) -> str:
    """The colour of a label, equal in all plots of a page."""
    return PALETTE[list(labels).index(label) % len(PALETTE)]


@dataclass(frozen=True, slots=True)
class Dot:
    """A course in the plot of paired scores."""

    x: float  # driving score of the first driver, 0 … 100
    y: float  # of the second
    text: str  # course, seed and outcomes, shown to a reader who points at it
    anchor: str = ""  # of the film or the row of its failure on the page; empty where nobody failed


def paired_plot(dots: Sequence[Dot], first: str, second: str) -> str:
    """Driving score of the second driver over that of the first, one dot per course, each with its text."""
    scores = np.array([(dot.x, dot.y) for dot in dots]).reshape(-1, 2).T
    scores = scores + np.random.default_rng(0).uniform(-1.2, 1.2, scores.shape)
    title = f"driving scores of {second} and {first}, one dot per course"
    with drawing(4.4, 4.4, title) as (figure, text):
        axes = figure.add_subplot()
        axes.plot([0, 100], [0, 100], color=LINE, linewidth=1, zorder=0)
        marks = axes.scatter(scores[0], scores[1], s=34, color=ACCENT, alpha=0.6, linewidths=0)
        marks.set_urls([f"dot:{number}" for number in range(len(dots))])
        axes.set(xlabel=f"driving score of {first}", ylabel=f"driving score of {second}")
        axes.set(xlim=(-4, 104), ylim=(-4, 104), aspect="equal")
        axes.text(4, 97, f"{second} better", fontsize=9, va="top")
        axes.text(97, 4, f"{first} better", fontsize=9, ha="right")
    return interactive(text[0], [(dot.text, dot.anchor) for dot in dots])


def forest_plot(differences: Sequence[ScenarioDifference], first: str, second: str) -> str:
    """Difference of the success rates by scenario with intervals, the greatest difference at the top."""
    with drawing(
        5.4, 1.1 + 0.27 * len(differences), f"difference of success rates by scenario, {first} minus {second}"
    ) as (figure, text):
        axes = figure.add_subplot()
        positions = np.arange(len(differences))[::-1]
        values = np.array([100.0 * difference.success.value for difference in differences])
        low = np.array([100.0 * difference.success.low for difference in differences])
        high = np.array([100.0 * difference.success.high for difference in differences])
        axes.axvline(0.0, color=LINE, linewidth=1)
        axes.hlines(positions, low, high, color=ACCENT, linewidth=2, alpha=0.6)
        axes.plot(values, positions, "o", color=ACCENT, markersize=6)
        axes.set_yticks(positions, [difference.scenario for difference in differences])
        axes.set(
            xlabel=f"difference of success rates [percentage points]\n← {second} better · {first} better →",
            xlim=(-108, 108),
        )
        axes.set_ylim(-0.7, len(differences) - 0.3)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    return text[0]


def distributions(comparison: Comparison) -> list[str]:
    """Cumulative distributions over episodes of minimum time to collision, mean speed and comfort.

    Episodes in which the car did not move are left out.
    """
    return [_distribution(comparison, *distribution) for distribution in _DISTRIBUTIONS]


def _distribution(
    comparison: Comparison, heading: str, unit: str, pick: Callable[[EpisodeResult], float]
) -> str:
    driven = {
        label: [pick(result) for result in comparison.results(label) if result.duration_s > 0.0]
        for label in comparison.labels
    }
    with drawing(3.9, 3.3, f"cumulative distribution over episodes: {heading}") as (figure, text):
        axes = figure.add_subplot()
        for label, values in driven.items():
            if values:
                _steps(axes, values, label, comparison.labels)
        axes.set(xlabel=f"{heading} [{unit}]", ylabel="episodes at or below value [%]", ylim=(0, 102))
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        figure.legend(loc="outside upper left", ncol=2, fontsize=9)
    return text[0]


def distance_plot(curves: Sequence[Curve], title: str) -> str:
    """Median range error over distance, one line per class."""
    names = [curve.name for curve in curves]
    with drawing(5.4, 3.2, title) as (figure, text):
        axes = figure.add_subplot()
        for number, curve in enumerate(curves):
            x, y = zip(*sorted(curve.points), strict=True)
            style = _STYLES[number % len(_STYLES)]
            axes.plot(x, y, style, color=colour_of(curve.name, names), label=curve.name, marker="o", ms=4)
        axes.set(xlabel="distance [m]", ylabel="median range error [%]", xlim=(0, None), ylim=(0, None))
        axes.grid(axis="y")
        figure.legend(loc="outside upper left", ncol=4, fontsize=9)
    return text[0]


def stage_times(comparison: Comparison) -> str:
    """Median computing time of each stage as stacked bars, one bar per driver; empty without times."""
    rows = {label: _medians(comparison, label) for label in comparison.labels}
    rows = {label: medians for label, medians in rows.items() if medians}
    if not rows:
        return ""
    names = list(dict.fromkeys(name for medians in rows.values() for name in medians))
    labels = list(rows)
    with drawing(7.4, 1.5 + 0.45 * len(rows), "median computing time per step by stage") as (figure, text):
        axes = figure.add_subplot()
        starts = np.zeros(len(labels))
        for name in names:
            widths = np.array([rows[label].get(name, 0.0) for label in labels])
            axes.barh(
                range(len(labels)),
                widths,
                left=starts,
                height=0.62,
                color=_stage_colour(name, names),
                label=name,
                edgecolor=PAPER,
                linewidth=1.0,
            )
            starts += widths
        for position, end in enumerate(starts):
            axes.annotate(
                f"{end:.1f}",
                (end, position),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xlabel("median computing time per step [ms]")
        axes.invert_yaxis()
        axes.margins(x=0.08)
        figure.legend(loc="outside upper left", ncol=4, fontsize=9)
    return text[0]


def _stage_colour(name: str, names: Sequence[str]) -> str:
    return _STAGELESS_COLOURS.get(name) or colour_of(
        name, [other for other in names if other not in _STAGELESS_COLOURS]
    )


def _medians(comparison: Comparison, label: str) -> dict[str, float]:
    """Median time of each stage over episodes [ms]; of the whole agent where it reports no stages."""
    results = [result for result in comparison.results(label) if result.stages_ms]
    names = list(dict.fromkeys(name for result in results for name in result.stages_ms))
    stages = [name for name in names if name != _TOTAL] or names
    return {
        name: float(np.median([result.stages_ms.get(name, 0.0) for result in results])) for name in stages
    }


def _steps(axes: Axes, values: Sequence[float], label: str, labels: Sequence[str]) -> None:
    order = np.sort(np.asarray(values, dtype=np.float64))
    order = np.concatenate([order[:1], order])  # the step function starts at 0
    percentages = 100.0 * np.arange(len(order)) / (len(order) - 1)
    style = _STYLES[list(labels).index(label) % len(_STYLES)]
    axes.step(
        order, percentages, where="post", color=colour_of(label, labels), linestyle=style, label=label, lw=1.8
    )
