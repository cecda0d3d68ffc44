"""Dialogs over the panels: the help, and the outcome of an episode."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from pygame import Rect

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.keys import BINDINGS, DRIVING
from drive_stack.viewer.records import Layer, ViewFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour

_OUTCOMES = {
    "completed": "Route completed",
    "collision": "Collision",
    "off_road": "Off the road",
    "stuck": "Stuck",
    "timeout": "Out of time",
    "error": "The agent failed",
}


def draw_help(canvas: Canvas, offered: AbstractSet[Layer], style: Style) -> None:
    """Draw all key bindings over the dimmed window; ``offered`` are the layers that this agent has."""
    theme = style.theme
    with canvas.glazed(0.7):
        canvas.fill(theme.background)
    keys = [(binding.shown, binding.meaning) for binding in BINDINGS]
    layers = [(layer.key, f"show and hide {layer.title}") for layer in Layer if layer in offered]
    columns = ((("Playing", keys), ("With --agent human", list(DRIVING))), (("Layers", layers),))
    line = style.body + style.px(12)
    rect = Rect(0, 0, min(style.px(980), canvas.width - 40), min(round(18.5 * line), canvas.height - 20))
    rect.center = canvas.bounds.center
    inside = style.panel(canvas, rect, "Keys")
    half = inside.width // 2
    for index, sections in enumerate(columns):
        x, y = inside.left + index * half, inside.top
        for title, rows in sections:
            y = _draw_section(canvas, (x, y), half, title, rows, line, style)


def _draw_section(
    canvas: Canvas,
    at: tuple[int, int],
    width: int,
    title: str,
    rows: Sequence[tuple[str, str]],
    line: int,
    style: Style,
) -> int:
    x, y = at
    theme = style.theme
    style.type.draw(canvas, title, (x, y), style.body, theme.accent, bold=True, max_width=width)
    y += line
    indent = style.type.width("← → or a d", style.body, bold=True) + style.px(18)
    for key, meaning in rows:
        style.type.draw(canvas, key, (x, y), style.body, theme.text, bold=True)
        style.type.draw(
            canvas, meaning, (x + indent, y), style.body, theme.muted, max_width=width - indent - style.px(12)
        )
        y += line
    return y + line // 2


def outcome_text(outcome: str) -> str:
    """The outcome of an episode as text for the screen."""
    return _OUTCOMES.get(outcome, outcome)


def draw_outcome(canvas: Canvas, rect: Rect, frame: ViewFrame, style: Style, *, keys: bool) -> None:
    """Draw a banner with the outcome of the episode in the centre of ``rect``, and ``keys`` to go on."""
    if frame.outcome is not None:
        colour = style.theme.accent if frame.outcome == "completed" else style.theme.danger
        draw_banner(
            canvas, rect, outcome_text(frame.outcome), colour, style, frame.outcome_details, keys=keys
        )


def draw_banner(
    canvas: Canvas,
    rect: Rect,
    title: str,
    colour: Colour,
    style: Style,
    details: Sequence[str] = (),
    *,
    keys: bool,
) -> None:
    """Draw a title in the centre of ``rect``, as large as fits, ``details``, and ``keys`` for continuing."""
    theme = style.theme
    hint = "r again   n next scenario   q quit"
    size, max_width = max(24, style.px(34)), rect.width - style.px(60)
    while size > style.body and style.type.width(title, size, bold=True) > max_width:
        size -= 2
    rows = [(text, theme.text) for text in details] + [(hint, theme.muted)] * keys
    line = style.body + style.px(8)
    widths = [style.type.width(text, style.body) for text, _ in rows]
    width = max([style.type.width(title, size, bold=True), *widths])
    chip = Rect(0, 0, min(width + style.px(60), rect.width), size + len(rows) * line + style.px(46))
    chip.center = rect.center
    if details:
        chip.top = rect.top + style.px(10)  # what was hit remains visible
    part = canvas.region(chip)
    with part.glazed(0.85):
        part.fill(theme.background)
    canvas.frame(chip, colour, thickness=style.px(2))
    y = chip.top + style.px(20) + size / 2.0
    style.type.draw(
        canvas, title, (chip.centerx, y), size, colour, bold=True, anchor="center", max_width=max_width
    )
    y += size / 2.0 + style.px(12)
    for text, tone in rows:
        style.type.draw(
            canvas, text, (chip.centerx, y), style.body, tone, anchor="midtop",
            max_width=chip.width - style.px(20),
        )  # fmt: skip
        y += line
