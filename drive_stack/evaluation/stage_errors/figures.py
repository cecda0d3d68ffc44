"""A figure of two panels: range error by distance, and speed error by the age of the track."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements
from drive_stack.evaluation.stage_errors.tables import MIN_SAMPLES, STATIONARY_SPEED
from drive_stack.objects.classes import class_name
from drive_stack.support.atomic_files import atomic_file
from drive_stack.types import FloatArray, ObjectClass

COLOURS = {  # also distinct for the colour-blind
    ObjectClass.CAR: "#0072B2",
    ObjectClass.LARGE_VEHICLE: "#E69F00",
    ObjectClass.PEDESTRIAN: "#CC3311",
}
LINE_STYLES = {ObjectClass.CAR: "-", ObjectClass.LARGE_VEHICLE: "--", ObjectClass.PEDESTRIAN: "-."}
REQUIRED_DISTANCE, REQUIRED_ERROR = 60.0, 6.0  # the median must stay within this error up to there [m], [%]
AGE_STEP, MAX_AGE = 0.5, 6.0  # [s]
DISTANCE_STEP, MAX_DISTANCE = 20.0, 200.0  # [m]


def write_figure(episodes: Sequence[EpisodeMeasurements], file: Path) -> None:
    """Write the figure as SVG; equal measurements give an equal file."""
    figure = Figure(figsize=(9.5, 7.0), layout="constrained")
    FigureCanvasSVG(figure)
    upper, lower = figure.subplots(2, 1)
    _draw_range_errors(upper, episodes)
    _draw_speed_errors(lower, episodes)
    with mpl.rc_context({"svg.hashsalt": "drive-stack"}), atomic_file(file) as part:
        figure.savefig(part, format="svg", metadata={"Date": None})


def _draw_range_errors(axes: Axes, episodes: Sequence[EpisodeMeasurements]) -> None:
    samples = list(chain.from_iterable(episode.lifting for episode in episodes))
    for label in COLOURS:
        selected = [s for s in samples if s.label is label]
        _draw_quartiles(
            axes,
            label,
            np.array([s.distance for s in selected]),
            np.array([100.0 * s.range_error for s in selected]),
            np.arange(0.0, MAX_DISTANCE + 1.0, DISTANCE_STEP),
        )
    axes.fill_between(
        [0.0, REQUIRED_DISTANCE],
        -REQUIRED_ERROR,
        REQUIRED_ERROR,
        color="#009E73",
        alpha=0.12,
        linewidth=0.0,
    )
    axes.text(
        REQUIRED_DISTANCE - 1.0,
        -REQUIRED_ERROR - 1.0,
        f"required: median within {REQUIRED_ERROR:.0f} %",
        ha="right",
        va="top",
        fontsize=9,
    )
    axes.set_title(
        "Range error of single detections (line: median, shaded: quartiles)", loc="left", fontsize=11
    )
    axes.set_xlabel("true distance [m]")
    axes.set_ylabel("range error [%]\ntoo near ← → too far")


def _draw_speed_errors(axes: Axes, episodes: Sequence[EpisodeMeasurements]) -> None:
    samples = list(chain.from_iterable(episode.tracks for episode in episodes))
    for label in (ObjectClass.CAR, ObjectClass.LARGE_VEHICLE):
        selected = [s for s in samples if s.label is label and s.speed < STATIONARY_SPEED]
        _draw_quartiles(
            axes,
            label,
            np.array([s.age for s in selected]),
            np.array([s.speed_error for s in selected]),
            np.arange(-1e-9, MAX_AGE + AGE_STEP, AGE_STEP),
        )
    axes.set_title(
        "Speed error of tracks of stationary vehicles (line: median, shaded: quartiles)",
        loc="left",
        fontsize=11,
    )
    axes.set_xlabel("age of the track [s]")
    axes.set_ylabel("estimated − true speed [m/s]")


def _draw_quartiles(
    axes: Axes,
    label: ObjectClass,
    positions: FloatArray,
    values: FloatArray,
    edges: FloatArray,
) -> None:
    """Draw median and quartiles of ``values`` (N,) in bins of ``positions`` (N,).

    ``edges`` (K,) bound the bins. A bin with fewer than `MIN_SAMPLES` values is left out.
    """
    centres, quartiles = [], []
    for low, high in pairwise(edges):
        inside = values[(positions >= low) & (positions < high)]
        if len(inside) >= MIN_SAMPLES:
            centres.append((low + high) / 2.0)
            quartiles.append(np.percentile(inside, (25.0, 50.0, 75.0)))
    axes.axhline(0.0, color="#999999", linewidth=0.8)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if not centres:
        return
    low_line, line, high_line = np.array(quartiles).T
    colour = COLOURS[label]
    axes.fill_between(centres, low_line, high_line, color=colour, alpha=0.18, linewidth=0.0)
    axes.plot(
        centres, line, LINE_STYLES[label], color=colour, marker="o", markersize=4, label=class_name(label)
    )
    axes.legend(frameon=False, fontsize=9)
