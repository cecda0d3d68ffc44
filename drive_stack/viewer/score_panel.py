"""The score panel, and the panel with the computing time of each stage."""

from __future__ import annotations

from collections.abc import Mapping

from pygame import Rect

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.records import ViewFrame
from drive_stack.viewer.style import Style


def draw_score(canvas: Canvas, rect: Rect, score: Mapping[str, str], style: Style) -> None:
    """Draw labels on the left and values on the right, in the order of ``score``."""
    inside = style.panel(canvas, rect, "Score so far")
    if not score:
        return
    height = min(inside.height / len(score), style.body * 1.75)
    size = max(11, min(style.body, int(height * 0.8)))
    for index, (label, value) in enumerate(score.items()):
        y = inside.top + (index + 0.5) * height
        place = style.type.draw(
            canvas, value, (inside.right, y), size, style.theme.text, bold=True, anchor="midright"
        )
        available = place.left - inside.left - style.px(8)
        style.type.draw(
            canvas, label, (inside.left, y), size, style.theme.muted, anchor="midleft", max_width=available
        )


def draw_timing(canvas: Canvas, rect: Rect, frame: ViewFrame, style: Style) -> None:
    """Draw a bar for the time of each stage; the longest fills the row."""
    theme = style.theme
    stages = dict(frame.trace.stage_ms) if frame.trace is not None else {}
    total = sum(stages.values())
    inside = style.panel(canvas, rect, f"Computing, {total:.0f} ms" if stages else "Computing")
    if not stages:
        style.type.draw(
            canvas, "no stages timed", inside.topleft, style.small, theme.faint, max_width=inside.width
        )
        return
    height = min(inside.height / len(stages), style.small * 1.9)
    size = max(10, min(style.small, int(height * 0.86)))
    names = max(style.type.width(name, size) for name in stages) + style.px(8)
    names = min(names, inside.width // 2)
    values = style.type.width("000.0", size) + style.px(6)
    longest = max(*stages.values(), 1.0)
    for index, (name, milliseconds) in enumerate(stages.items()):
        y = inside.top + (index + 0.5) * height
        style.type.draw(canvas, name, (inside.left, y), size, theme.muted, anchor="midleft", max_width=names)
        style.type.draw(canvas, f"{milliseconds:.1f}", (inside.right, y), size, theme.text, anchor="midright")
        available = inside.width - names - values
        width = round(available * milliseconds / longest)
        bar = Rect(inside.left + names, round(y - height * 0.22), max(width, 1), max(round(height * 0.44), 2))
        if available > 4:
            canvas.box(bar, theme.accent, radius=style.px(2))
