"""Plots of a detector's scores: precision over recall, recall by distance, AP50 by weather and light."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from drive_stack.evaluation.detection.classes import GROUPS, REPORTED
from drive_stack.evaluation.detection.metrics import Criteria, average_precision, precision_recall
from drive_stack.learning.detector.card_fields import Ap50Row, Scores
from drive_stack.learning.detector.evaluation import DetectionResults
from drive_stack.support.atomic_files import atomic_file, make_folder

COLOURS = {
    "vehicles": "#0b6aa8",
    "pedestrian": "#c2461b",
    "obstacle": "#3f7d3a",
}  # distinguishable in greyscale
STYLES = {"vehicles": "-", "pedestrian": "--", "obstacle": ":"}


def write_curves(path: Path, results: DetectionResults, scores: Scores, criteria: Criteria) -> None:
    """Draw the four panels from the results and their ``scores`` (see `compute_scores`)."""
    figure = Figure(figsize=(11.0, 8.0), layout="constrained")
    FigureCanvasAgg(figure)
    (first, second), (third, fourth) = figure.subplots(2, 2)
    _precision_over_recall(first, results, scores, criteria)
    _recall_by_distance(second, scores)
    _bars(third, scores["ap50_by_weather"], "AP50 by weather")
    _bars(fourth, scores["ap50_by_light"], "AP50 by light")
    for axes in (first, second, third, fourth):
        axes.set_ylim(0.0, 1.03)
        axes.grid(visible=True, axis="y", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    make_folder(path.parent)
    with atomic_file(path) as part:
        figure.savefig(part, dpi=110)


def _precision_over_recall(axes: Axes, results: DetectionResults, scores: Scores, criteria: Criteria) -> None:
    for name in REPORTED:
        matches = results.matches(GROUPS[name], criteria)
        recall, precision = precision_recall(matches)
        label = f"{name}, AP50 {average_precision(matches):.3f}"
        axes.plot(recall, precision, STYLES[name], color=COLOURS[name], label=label)
        row = scores["classes"][name]
        if row["recall"] is not None and row["precision"] is not None:
            axes.plot(row["recall"], row["precision"], "o", color=COLOURS[name])
    axes.set(xlim=(0.0, 1.02), xlabel="recall", ylabel="precision")
    axes.set_title("Precision over recall (dots: the working confidences)")
    axes.legend(loc="lower left", frameon=False)


def _recall_by_distance(axes: Axes, scores: Scores) -> None:
    for name in REPORTED:
        bands = scores["recall_by_distance_m"][name]
        values = [np.nan if row["recall"] is None else row["recall"] for row in bands.values()]
        axes.plot(range(len(bands)), values, STYLES[name], marker="o", color=COLOURS[name], label=name)
        axes.set_xticks(range(len(bands)), list(bands))
    axes.set(xlabel="distance [m]", ylabel="recall", title="Recall by distance")
    axes.legend(loc="lower left", frameon=False)


def _bars(axes: Axes, table: Mapping[str, Ap50Row], title: str) -> None:
    width = 0.8 / len(REPORTED)
    for index, name in enumerate(REPORTED):
        values = [row[name] or 0.0 for row in table.values()]
        positions = np.arange(len(table)) + (index - (len(REPORTED) - 1) / 2.0) * width
        bars = axes.bar(positions, values, 0.9 * width, color=COLOURS[name], label=name)
        labels = [f"{value:.2f}" if value else "–" for value in values]
        axes.bar_label(bars, labels, fontsize=8, padding=1)
    axes.set_xticks(range(len(table)), list(table))
    axes.set_title(title)
