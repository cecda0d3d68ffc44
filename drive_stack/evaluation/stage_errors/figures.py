"""Two panels: range error by distance, velocity error by age of the track."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from drive_stack.evaluation.stage_errors.observer import EpisodeMeasure
from drive_stack.evaluation.stage_errors.tables import LEAST, STANDS, name_of
from drive_stack.support.atomic_files import whole_file
from drive_stack.types import FloatArray, ObjectClass

COLOURS = {  # told apart by the colour-blind, too
    ObjectClass.CAR: "#0072B2",
    ObjectClass.LARGE_VEHICLE: "#E69F00",
    ObjectClass.PEDESTRIAN: "#CC3311",
}
STROKES = {ObjectClass.CAR: "-", ObjectClass.LARGE_VEHICLE: "--", ObjectClass.PEDESTRIAN: "-."}
BAR = (60.0, 6.0)  # a median of at most so much, up to there [m], [%]
AGE_STEP, OLDEST = 0.5, 6.0  # [s]
STEP, FARTHEST = 20.0, 200.0  # [m]


def write_figure(episodes: Sequence[EpisodeMeasure], file: Path) -> None:
    """An SVG; the same measures give the same file."""
    figure = Figure(figsize=(9.5, 7.0), layout="constrained")
    FigureCanvasSVG(figure)
    upper, lower = figure.subplots(2, 1)
    _range_panel(upper, episodes)
    _speed_panel(lower, episodes)
    with mpl.rc_context({"svg.hashsalt": "drive-stack"}), whole_file(file) as part:
        figure.savefig(part, format="svg", metadata={"Date": None})


def _range_panel(axes: Axes, episodes: Sequence[EpisodeMeasure]) -> None:
    samples = list(chain.from_iterable(episode.lifting for episode in episodes))
    for label in COLOURS:
        mine = [s for s in samples if s.label is label]
        _band(
            axes,
            label,
            np.array([s.distance for s in mine]),
            np.array([100.0 * s.range_error for s in mine]),
            np.arange(0.0, FARTHEST + 1.0, STEP),
        )
    axes.fill_between([0.0, BAR[0]], -BAR[1], BAR[1], color="#009E73", alpha=0.12, linewidth=0.0)
    axes.text(BAR[0] - 1.0, -BAR[1] - 1.0, "the bar: median within 6 %", ha="right", va="top", fontsize=9)
    axes.set_title("Range of single detections (middle half shaded)", loc="left", fontsize=11)
    axes.set_xlabel("distance [m]")
    axes.set_ylabel("range error [%]\nnearer ← → farther")


def _speed_panel(axes: Axes, episodes: Sequence[EpisodeMeasure]) -> None:
    samples = list(chain.from_iterable(episode.tracks for episode in episodes))
    for label in (ObjectClass.CAR, ObjectClass.LARGE_VEHICLE):
        mine = [s for s in samples if s.label is label and s.speed < STANDS]
        _band(
            axes,
            label,
            np.array([s.age for s in mine]),
            np.array([s.speed_error for s in mine]),
            np.arange(-1e-9, OLDEST + AGE_STEP, AGE_STEP),
        )
    axes.set_title("Speed of tracks whose vehicle stands (middle half shaded)", loc="left", fontsize=11)
    axes.set_xlabel("age of the track [s]")
    axes.set_ylabel("thought faster by [m/s]")


def _band(
    axes: Axes,
    label: ObjectClass,
    where: FloatArray,
    values: FloatArray,
    edges: FloatArray,
) -> None:
    """Median and quartiles of ``values`` in each bin between ``edges``; bins with few are left out."""
    middles, quartiles = [], []
    for low, high in pairwise(edges):
        inside = values[(where >= low) & (where < high)]
        if len(inside) >= LEAST:
            middles.append((low + high) / 2.0)
            quartiles.append(np.percentile(inside, (25.0, 50.0, 75.0)))
    axes.axhline(0.0, color="#999999", linewidth=0.8)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if not middles:
        return
    low_line, line, high_line = np.array(quartiles).T
    colour = COLOURS[label]
    axes.fill_between(middles, low_line, high_line, color=colour, alpha=0.18, linewidth=0.0)
    axes.plot(middles, line, STROKES[label], color=colour, marker="o", markersize=4, label=name_of(label))
    axes.legend(frameon=False, fontsize=9)
