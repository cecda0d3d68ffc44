"""Figure of the steps per second over the number of vehicles, for Drive Stack and highway-env."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from drive_stack.support.atomic_files import atomic_file, make_folder

STYLES = (("#0b6aa8", "o-"), ("#3f7d3a", "^-"), ("#c2461b", "s--"), ("#7a5195", "d-"), ("#b0832b", "v--"))


def write_growth(path: Path, growth: Mapping[str, Mapping[int, float]]) -> None:
    """Draw one line per contender on logarithmic axes, with a legend."""
    figure = Figure(figsize=(9.0, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for (name, line), (colour, style) in zip(growth.items(), STYLES, strict=False):
        axes.plot(list(line), list(line.values()), style, color=colour, label=name)
    axes.set(xscale="log", yscale="log", xlabel="vehicles", ylabel="a second")
    ticks = sorted({count for line in growth.values() for count in line})
    axes.set_xticks(ticks, [str(count) for count in ticks])
    axes.minorticks_off()
    axes.set_title("How speed falls with the number of vehicles")
    axes.grid(visible=True, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    make_folder(path.parent)
    with atomic_file(path) as part:
        figure.savefig(part)
