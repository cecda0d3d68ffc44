"""The map of a search: where in the space the driver passes and fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from drive_stack.falsification.outcome import Outcome, Trial
from drive_stack.scenario_keys import Value
from drive_stack.support.atomic_files import atomic_file
from drive_stack.types import FloatArray

# marker, face, edge and size of each group; of Okabe and Ito, distinct for the colour-blind
_STYLES = {
    "passes": ("o", "none", "#0072B2", 34.0),
    "collides, not charged": ("s", "none", "#E69F00", 34.0),
    "cannot be solved": ("x", "#9a9a9a", "#9a9a9a", 30.0),
    "fails": ("D", "#D55E00", "#D55E00", 44.0),
}
_GROUPS = {
    Outcome.PASSED: "passes",
    Outcome.NOT_CHARGED: "collides, not charged",
    Outcome.UNSOLVABLE: "cannot be solved",
    Outcome.EXPERT_FAILED: "cannot be solved",
    Outcome.COUNTEREXAMPLE: "fails",
}
_JITTER = 0.16  # of names and whole numbers with few values, so that no dot hides another
_FEW = 6


def write_map(trials: Sequence[Trial], keys: tuple[str, str], label: str, path: Path) -> None:
    """Write every course as a marker over two keys; equal trials give an equal file.

    Raises:
        ConfigError: the file cannot be written.
    """
    figure = Figure(figsize=(7.2, 5.0), layout="constrained", facecolor="white")
    FigureCanvasSVG(figure)
    axes = figure.subplots()
    rng = np.random.default_rng(0)
    shown = [trial for trial in trials if trial.outcome in _GROUPS]
    columns = [_positions([trial.values[key] for trial in shown], rng) for key in keys]
    groups = np.array([_GROUPS[trial.outcome] for trial in shown])
    for name, (marker, face, edge, size) in _STYLES.items():
        rows = groups == name
        scatter = axes.scatter(
            columns[0][rows],
            columns[1][rows],
            s=size,
            marker=marker,
            facecolors=face,
            linewidths=1.3,
            label=f"{name} ({rows.sum()})",
        )
        scatter.set_edgecolor(edge)
    for axis, key in zip("xy", keys, strict=True):
        _label_axis(axes, axis, key, [trial.values[key] for trial in shown])
    axes.set_title(f"{label}: {len(shown)} courses", loc="left", fontsize=11)
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, fontsize=10, loc="outside lower center", ncols=4)
    with mpl.rc_context({"svg.hashsalt": "drive-stack"}), atomic_file(path) as part:
        figure.savefig(part, format="svg", metadata={"Date": None})


def _positions(values: Sequence[Value], rng: np.random.Generator) -> FloatArray:
    """Where the values are on an axis: names at whole numbers; few different values slightly apart."""
    different = _different(values)
    if len(different) > _FEW:
        return np.asarray(values, dtype=np.float64)
    if isinstance(different[0], str):
        positions = np.array([different.index(value) for value in values], dtype=np.float64)
        return np.asarray(positions + rng.uniform(-_JITTER, _JITTER, len(values)))
    numbers = np.asarray(values, dtype=np.float64)
    steps = np.diff(np.asarray(different, dtype=np.float64))
    width = _JITTER * float(steps.min()) if len(steps) else 0.0
    return np.asarray(numbers + rng.uniform(-width, width, len(values)))


def _label_axis(axes: Axes, axis: str, key: str, values: Sequence[Value]) -> None:
    different = _different(values)
    set_ticks = axes.set_xticks if axis == "x" else axes.set_yticks
    if isinstance(different[0], str):
        set_ticks(range(len(different)), [str(value) for value in different])
    elif len(different) <= _FEW:
        set_ticks([float(value) for value in different])
    (axes.set_xlabel if axis == "x" else axes.set_ylabel)(key)


def _different(values: Sequence[Value]) -> list[Value]:
    """Each value once; numbers in their order, then names in alphabetical order."""
    return sorted(set(values), key=lambda value: (isinstance(value, str), value))
