"""SVG drawn by matplotlib that takes its colours from the page, so that light, dark and print all fit."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib import style
from matplotlib.figure import Figure

# stand-ins that are replaced by the page's own colours
INK, LINE, PAPER, ACCENT = "#010203", "#030201", "#fefdfc", "#0072b3"
_VARIABLES = {INK: "var(--ink)", LINE: "var(--line)", PAPER: "var(--paper)", ACCENT: "var(--good)"}
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "drive_stack",
    "font.size": 10,
    "text.parse_math": False,  # a driver may be called what it likes
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}


@contextmanager
def drawing(width: float, height: float, title: str) -> Iterator[tuple[Figure, list[str]]]:
    """A figure to draw on, and where its SVG will be."""
    text: list[str] = []
    with style.context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, text
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Title": title})
        text.append(_for_the_page(written.getvalue(), title))


def _for_the_page(svg: str, title: str) -> str:
    """Only the drawing, told to those who cannot see it, in the page's colours and type."""
    svg = svg[svg.index("<svg") :]
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px; font-family: inherit", svg)
    svg = re.sub(r'<svg ([^>]*?)height="[\d.]+pt"', r"<svg \1", svg, count=1)
    svg = re.sub(r'<svg ([^>]*?)width="([\d.]+)pt"', r'<svg \1style="max-width:\2pt"', svg, count=1)
    # ids are unique within a drawing, not on a page of several
    mark = re.sub(r"\W+", "-", title)
    svg = re.sub(r'id="', f'id="{mark}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\1{mark}-", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(title)}" ', 1)
