"""Figure of the lateral error over time, with a line for each controller."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from drive_stack.benchmarks.lateral_control.study import Result
from drive_stack.support.atomic_files import atomic_file

SHOWN = (  # the end of the curve lies outside the shown interval
    "radius 500 m, 30 m/s",
    "lane change, 25 m/s",
)
SECONDS = 10.0
COLOURS = ("#E69F00", "#009E73", "#0072B2", "#CC3311", "#555555")  # distinguishable with colour blindness
STROKES = ("-", "--", "-.", "-", ":")


def write_figure(results: Sequence[Result], file: Path) -> None:
    """Write an SVG of the drives without deviations on two of the paths. Equal drives give equal files."""
    figure = Figure(figsize=(9.0, 6.0), layout="constrained")
    FigureCanvasSVG(figure)
    first = results[0].condition
    for axes, name in zip(figure.subplots(len(SHOWN), 1, sharex=True), SHOWN, strict=True):
        _panel(axes, [item for item in results if item.path.name == name and item.condition == first])
        axes.set_title(name, loc="left", fontsize=11)
    axes.set_xlabel("time [s]")
    with mpl.rc_context({"svg.hashsalt": "drive-stack"}), atomic_file(file) as part:
        figure.savefig(part, format="svg", metadata={"Date": None})


def _panel(axes: Axes, results: Sequence[Result]) -> None:
    axes.axhline(0.0, color="#999999", linewidth=0.8)
    for result, colour, stroke in zip(results, COLOURS, STROKES, strict=False):
        lateral = result.drive.lateral
        times = (np.arange(len(lateral)) + 1) * result.drive.dt
        label = result.controller.replace("_", " ")
        shown = times <= SECONDS
        axes.plot(times[shown], lateral[shown], color=colour, linestyle=stroke, linewidth=1.6, label=label)
    axes.set_xlim(0.0, SECONDS)
    axes.set_ylabel("left of the path [m]")
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=len(results), fontsize=9)
