"""SVG drawn by matplotlib that uses the page's colours, in light, dark and print style."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from matplotlib import style
from matplotlib.figure import Figure

# placeholders that are replaced by the page's colours
INK, LINE, PAPER, ACCENT = "#010203", "#030201", "#fefdfc", "#0072b3"
_VARIABLES = {INK: "var(--ink)", LINE: "var(--line)", PAPER: "var(--paper)", ACCENT: "var(--good)"}
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "drive_stack",
    "font.size": 10,
    "text.parse_math": False,  # a driver's name may hold a dollar sign
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
    """A figure to draw on, and a list that holds its SVG as the only item after the block."""
    text: list[str] = []
    with style.context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, text
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Title": title})
        text.append(_page_svg(buffer.getvalue(), title))


def _page_svg(svg: str, title: str) -> str:
    """The drawing alone, with a label for screen readers, in the page's colours and font."""
    svg = svg[svg.index("<svg") :]
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px; font-family: inherit", svg)
    svg = re.sub(r'<svg ([^>]*?)height="[\d.]+pt"', r"<svg \1", svg, count=1)
    svg = re.sub(r'<svg ([^>]*?)width="([\d.]+)pt"', r'<svg \1style="max-width:\2pt"', svg, count=1)
    # ids are unique within a drawing, not on a page of several
    prefix = re.sub(r"\W+", "-", title)
    svg = re.sub(r'id="', f'id="{prefix}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\1{prefix}-", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(title)}" ', 1)


def interactive(svg: str, marks: Sequence[tuple[str, str]]) -> str:
    """Give each mark of a drawing a text, and a link within the page where there is a target.

    The marks are those to which the drawing gave the addresses ``dot:0``, ``dot:1`` and so on; ``marks`` are
    their texts and targets, in this order. An empty target makes no link.
    """

    def element(found: re.Match[str]) -> str:
        text, anchor = marks[int(found[1])]
        title = f"<title>{html.escape(text)}</title>{found[2]}"
        if not anchor:
            return f'<g class="dot">{title}</g>'
        return f'<a class="dot" href="#{anchor}" aria-label="{html.escape(text)}">{title}</a>'

    svg = re.sub(r'<a xlink:href="dot:(\d+)"[^>]*>(.*?)</a>', element, svg, flags=re.S)
    return svg.replace('role="img"', 'role="group"', 1)  # the links of an image could not be reached
