"""The timeline of a replay: how far it is, with marks of hard braking, of contacts and of the failure."""

from __future__ import annotations

import numpy as np
from pygame import Rect

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.headline import Urgency
from drive_stack.viewer.records import ViewFrame
from drive_stack.viewer.style import Style


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
    left = badge.right + style.px(16)
    bar = Rect(left, 0, right - style.px(20) - left, style.px(6))
    bar.centery = rect.centery
    canvas.box(bar, theme.panel_edge, radius=style.px(3))
    done = bar.copy()
    done.width = max(round(bar.width * min(timeline.elapsed / timeline.duration, 1.0)), style.px(6))
    canvas.box(done, theme.accent, radius=style.px(3))
    for event in timeline.events:
        x = bar.left + bar.width * min(event.elapsed / timeline.duration, 1.0)
        colour, half = theme.urgency_colour(event.urgency), style.px(9)
        canvas.line(np.array([[x, bar.centery - half], [x, bar.centery + half]]), colour, style.px(3))
        if event.text:
            anchor, offset = ("bottomright", -style.px(6)) if x > bar.centerx else ("bottomleft", style.px(6))
            style.type.draw(
                canvas, event.text, (x + offset, bar.top - style.px(1)), style.small, colour,
                bold=event.urgency is Urgency.DANGER, anchor=anchor,
            )  # fmt: skip
    canvas.disc(done.right, bar.centery, style.px(7), theme.text)
