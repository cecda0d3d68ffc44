"""The legend of the bird's-eye view."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from enum import Enum
from itertools import pairwise

import numpy as np

from drive_stack.types import ObjectClass
from drive_stack.viewer.canvas import Canvas, rounded_rectangle
from drive_stack.viewer.records import Layer
from drive_stack.viewer.style import Style


class Sign(Enum):
    """An entry of the legend; the value is its text."""

    EGO = "ego"
    TRUTH = "truth"
    TRACK = "track"
    PREDICTION = "prediction"
    PLAN = "plan, stop to limit"
    REJECTED = "rejected"
    LANE = "lane seen"


_LAYERS = {
    Sign.TRUTH: Layer.TRUTH,
    Sign.TRACK: Layer.TRACKS,
    Sign.PREDICTION: Layer.PREDICTIONS,
    Sign.PLAN: Layer.PLANS,
    Sign.REJECTED: Layer.PLANS,
    Sign.LANE: Layer.LANES,
}


_SIGN_WIDTH = 24  # at 1600 × 900 [px]


def legend_rows(width: int, offered: AbstractSet[Layer], style: Style) -> list[list[Sign]]:
    """Arrange the entries of the ``offered`` layers in rows of a legend that is ``width`` px wide."""
    rows: list[list[Sign]] = [[]]
    available = width - 2 * style.px(10)
    used = 0
    for sign in Sign:
        if sign in _LAYERS and _LAYERS[sign] not in offered:
            continue
        needed = entry_width(sign, style)
        if rows[-1] and used + needed > available:
            rows.append([])
            used = 0
        rows[-1].append(sign)
        used += needed
    return rows


def entry_width(sign: Sign, style: Style) -> int:
    """Width of one entry, including the space after it [px]."""
    return style.px(_SIGN_WIDTH) + style.px(6) + style.type.width(sign.value, style.small) + style.px(12)


def legend_height(rows: list[list[Sign]], style: Style) -> int:
    """Height of a legend with these rows [px]."""
    return len(rows) * _row_height(style) + style.px(10)


def draw_legend(canvas: Canvas, rows: list[list[Sign]], style: Style) -> None:
    """Fill the canvas with the legend."""
    canvas.fill(style.theme.panel)
    for index, row in enumerate(rows):
        x = style.px(10)
        y = style.px(5) + (index + 0.5) * _row_height(style)
        for sign in row:
            _draw_sign(canvas, sign, x, y, style)
            at = (x + style.px(_SIGN_WIDTH) + style.px(6), y)
            style.type.draw(canvas, sign.value, at, style.small, style.theme.muted, anchor="midleft")
            x += entry_width(sign, style)


def _row_height(style: Style) -> int:
    return style.small + style.px(8)


def _draw_sign(canvas: Canvas, sign: Sign, x: float, y: float, style: Style) -> None:
    theme, width = style.theme, style.px(_SIGN_WIDTH)
    line = np.array([[x, y], [x + width, y]])
    body = rounded_rectangle(x + 2, y - style.px(4), x + width - 2, y + style.px(4), style.px(2))
    if sign is Sign.EGO:
        canvas.polygon(body, theme.accent)
    elif sign is Sign.TRUTH:
        canvas.polygon(body, theme.truth_fill)
        canvas.line(body, theme.truth, 1, closed=True)
    elif sign is Sign.TRACK:
        canvas.line(body, theme.classes[ObjectClass.CAR], style.px(2), closed=True)
    elif sign is Sign.PREDICTION:
        for place in np.linspace(x + 3, x + width - 3, 4):
            canvas.disc(float(place), y, style.px(2), theme.classes[ObjectClass.CAR])
    elif sign is Sign.PLAN:
        cuts = np.linspace(0.0, 1.0, 9)
        for low, high in pairwise(cuts):
            canvas.line(
                line[0] + np.array([[low * width, 0], [high * width, 0]]),
                theme.speed_colour(low),
                style.px(4),
            )
    elif sign is Sign.REJECTED:
        canvas.line(line, theme.rejected, 1)
    else:
        canvas.line(line, theme.lane_line, style.px(1.4))
