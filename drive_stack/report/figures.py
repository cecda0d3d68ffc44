"""The report's plots, each as SVG for the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from drive_stack.evaluation.comparison import Comparison, ScenarioDifference
from drive_stack.evaluation.metrics.ttc import HORIZON
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.report.svg import ACCENT, LINE, PAPER, drawing

# Okabe and Ito's, told apart by the colour-blind; all stand out from white and from black
PALETTE = ("#7f7f7f", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_STYLES = ("-", "--", "-.", ":")
_WHOLE = "agent"  # all of a driver, whatever its stages
_UNDIVIDED = {_WHOLE: "#8c6d46", "policy": "#8f5bd0"}  # of drivers that have no stages
_SPREAD: tuple[tuple[str, str, Callable[[EpisodeResult], float]], ...] = (
    ("least time to collision", "s", lambda one: HORIZON if one.min_ttc_s is None else one.min_ttc_s),
    ("mean speed", "km/h", lambda one: 3.6 * one.mean_speed_mps),
    ("time inside the comfort bounds", "%", lambda one: 100.0 * one.comfort),
)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line and what it is of."""

    name: str
    points: tuple[tuple[float, float], ...]


def colour_of(label: str, labels: Sequence[str]) -> str:
    """The same in every plot of a page."""
    return PALETTE[list(labels).index(label) % len(PALETTE)]


def paired_plot(comparison: Comparison, first: str, second: str) -> str:
    """A dot for each course: the two drivers' scores against one another."""
    pairs = comparison.paired(first, second)
    mine = np.array([a.driving_score for a, _ in pairs])
    theirs = np.array([b.driving_score for _, b in pairs])
    jitter = np.random.default_rng(0).uniform(-1.2, 1.2, (2, len(pairs)))
    with drawing(4.4, 4.4, f"{second} against {first}, a dot for each course") as (figure, text):
        axes = figure.add_subplot()
        axes.plot([0, 100], [0, 100], color=LINE, linewidth=1, zorder=0)
        axes.scatter(mine + jitter[0], theirs + jitter[1], s=22, color=ACCENT, alpha=0.6, linewidths=0)
        axes.set(xlabel=f"driving score of {first}", ylabel=f"driving score of {second}")
        axes.set(xlim=(-4, 104), ylim=(-4, 104), aspect="equal")
        axes.text(4, 97, f"{second} better", fontsize=9, va="top")
        axes.text(97, 4, f"{first} better", fontsize=9, ha="right")
    return text[0]


def forest_plot(differences: Sequence[ScenarioDifference], first: str, second: str) -> str:
    """Difference of success by scenario, with intervals; those first that differ most."""
    with drawing(5.4, 1.1 + 0.27 * len(differences), f"success of {first} less {second}'s") as (figure, text):
        axes = figure.add_subplot()
        places = np.arange(len(differences))[::-1]
        values = np.array([100.0 * one.success.value for one in differences])
        low = np.array([100.0 * one.success.low for one in differences])
        high = np.array([100.0 * one.success.high for one in differences])
        axes.axvline(0.0, color=LINE, linewidth=1)
        axes.hlines(places, low, high, color=ACCENT, linewidth=2, alpha=0.6)
        axes.plot(values, places, "o", color=ACCENT, markersize=6)
        axes.set_yticks(places, [one.scenario for one in differences])
        axes.set(xlabel=f"points of success\n← {second} better · {first} better →", xlim=(-108, 108))
        axes.set_ylim(-0.7, len(differences) - 0.3)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    return text[0]


def distributions(comparison: Comparison) -> list[str]:
    """Least time to collision, mean speed and comfort over episodes, as shares at or below a value.

    Episodes in which nothing was driven are left out.
    """
    return [_distribution(comparison, *what) for what in _SPREAD]


def _distribution(
    comparison: Comparison, heading: str, unit: str, pick: Callable[[EpisodeResult], float]
) -> str:
    driven = {
        label: [pick(one) for one in comparison.results(label) if one.duration_s > 0.0]
        for label in comparison.labels
    }
    with drawing(3.9, 3.3, f"distribution over episodes: {heading}") as (figure, text):
        axes = figure.add_subplot()
        for label, values in driven.items():
            if values:
                _steps(axes, values, label, comparison.labels)
        axes.set(xlabel=f"{heading} [{unit}]", ylabel="episodes at or below [%]", ylim=(0, 102))
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        figure.legend(loc="outside upper left", ncol=2, fontsize=9)
    return text[0]


def distance_plot(curves: Sequence[Curve], title: str) -> str:
    """Median range error over distance, a line for each class."""
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
    """Median milliseconds of each stage, stacked, a bar for each driver that has stages."""
    rows = {label: _medians(comparison, label) for label in comparison.labels}
    rows = {label: found for label, found in rows.items() if found}
    if not rows:
        return ""
    names = list(dict.fromkeys(name for found in rows.values() for name in found))
    labels = list(rows)
    with drawing(7.4, 1.5 + 0.45 * len(rows), "milliseconds a step by stage") as (figure, text):
        axes = figure.add_subplot()
        begins = np.zeros(len(labels))
        for name in names:
            widths = np.array([rows[label].get(name, 0.0) for label in labels])
            axes.barh(
                range(len(labels)),
                widths,
                left=begins,
                height=0.62,
                color=_stage_colour(name, names),
                label=name,
                edgecolor=PAPER,
                linewidth=1.0,
            )
            begins += widths
        for place, end in enumerate(begins):
            axes.annotate(
                f"{end:.1f}", (end, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9
            )
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xlabel("median time a step [ms]")
        axes.invert_yaxis()
        axes.margins(x=0.08)
        figure.legend(loc="outside upper left", ncol=4, fontsize=9)
    return text[0]


def _stage_colour(name: str, names: Sequence[str]) -> str:
    return _UNDIVIDED.get(name) or colour_of(name, [one for one in names if one not in _UNDIVIDED])


def _medians(comparison: Comparison, label: str) -> dict[str, float]:
    """Of each stage over episodes; the whole agent where it tells of no stages."""
    results = [one for one in comparison.results(label) if one.stages_ms]
    names = list(dict.fromkeys(name for one in results for name in one.stages_ms))
    stages = [name for name in names if name != _WHOLE] or names
    return {name: float(np.median([one.stages_ms.get(name, 0.0) for one in results])) for name in stages}


def _steps(axes: Axes, values: Sequence[float], label: str, labels: Sequence[str]) -> None:
    order = np.sort(np.asarray(values, dtype=np.float64))
    order = np.concatenate([order[:1], order])  # from 0 up
    shares = 100.0 * np.arange(len(order)) / (len(order) - 1)
    style = _STYLES[list(labels).index(label) % len(_STYLES)]
    axes.step(
        order, shares, where="post", color=colour_of(label, labels), linestyle=style, label=label, lw=1.8
    )
