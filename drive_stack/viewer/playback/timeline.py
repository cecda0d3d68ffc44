"""The timeline of a replay: how far it is, with marks of lane changes, of braking and of the failure."""

from __future__ import annotations

import numpy as np
from pygame import Rect

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.headline import Urgency
from drive_stack.viewer.records import ViewFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour

_LEGEND_FROM = 1200  # width of the window at 1600 × 900 from which on marks are named [px]


def draw_timeline(canvas: Canvas, rect: Rect, frame: ViewFrame, style: Style) -> None:
    """Draw the badge "replay", a bar over the whole drive, and the marks, the last one with its text."""
    timeline, theme = frame.timeline, style.theme
    if timeline is None:
        return
    badge = Rect(rect.left + style.px(14), 0, 0, style.small + style.px(8))
    badge.width = style.type.width("REPLAY", style.small, bold=True) + style.px(16)
    badge.centery = rect.centery
    canvas.box(badge, theme.warning, radius=style.px(4))
    style.type.draw(canvas, "REPLAY", badge.center, style.small, theme.background, bold=True, anchor="center")
    text = f"{timeline.elapsed:.1f} of {timeline.duration:.1f} s"
    at = (rect.right - style.px(16), rect.centery)
    right = style.type.draw(canvas, text, at, style.small, theme.text, anchor="midright").left
    right = _draw_legend(canvas, right - style.px(20), rect, style)
    left = badge.right + style.px(16)
    bar = Rect(left, 0, right - style.px(20) - left, style.px(6))
    bar.centery = rect.centery
    canvas.box(bar, theme.panel_edge, radius=style.px(3))
    done = bar.copy()
    done.width = max(round(bar.width * min(timeline.elapsed / timeline.duration, 1.0)), style.px(6))
    canvas.box(done, theme.accent, radius=style.px(3))
    for event in timeline.events:
        x = bar.left + bar.width * min(event.elapsed / timeline.duration, 1.0)
        colour, half = _mark_colour(event.urgency, style), style.px(9)
        canvas.line(np.array([[x, bar.centery - half], [x, bar.centery + half]]), colour, style.px(3))
        if event.text:
            anchor, offset = ("bottomright", -style.px(6)) if x > bar.centerx else ("bottomleft", style.px(6))
            style.type.draw(
                canvas, event.text, (x + offset, bar.top - style.px(1)), style.small, colour,
                bold=event.urgency is Urgency.DANGER, anchor=anchor,
            )  # fmt: skip
    canvas.disc(done.right, bar.centery, style.px(7), theme.text)


def _mark_colour(urgency: Urgency, style: Style) -> Colour:
    return style.theme.marking if urgency is Urgency.CALM else style.theme.urgency_colour(urgency)


def _draw_legend(canvas: Canvas, right: int, rect: Rect, style: Style) -> int:
    """Name the marks in their colours, where there is space; returns the left edge [px]."""
    names = {Urgency.DANGER: "hard braking", Urgency.CAUTION: "braking", Urgency.CALM: "lane change"}
    if rect.width < style.px(_LEGEND_FROM):
        return right
    for urgency, name in names.items():
        at, colour = (right, rect.centery), _mark_colour(urgency, style)
        right = style.type.draw(canvas, name, at, style.small, colour, anchor="midright").left - style.px(12)
    return right
