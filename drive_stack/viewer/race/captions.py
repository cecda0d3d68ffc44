"""The captions of a narrated race: what happens on the road, what each driver does, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from pygame import Rect

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.headline import Urgency
from drive_stack.viewer.records import Caption, RaceFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour, mix

_LINES = 4  # of each driver that can be read at a time
_TIME_WIDTH = 72  # of the column of times, at 1600 × 900 [px]
MAX_DETAIL_LINES = 3  # that one sentence of the verdict may take


def draw_captions(
    canvas: Canvas, rect: Rect, captions: Sequence[Caption], colours: Sequence[Colour], style: Style
) -> None:
    """Draw the latest caption of the road in a line, and the latest ones of each driver below its camera."""
    theme, edge, drivers = style.theme, style.px(6), len(colours)
    of_all = [caption for caption in captions if caption.driver is None]
    line = _line_height(style)
    if of_all:
        latest = of_all[-1]
        tone = theme.text if latest.urgency is Urgency.CALM else theme.urgency_colour(latest.urgency)
        at = (rect.centerx, rect.top + line // 2)
        style.type.draw(
            canvas, latest.text, at, _size(style), tone,
            bold=True, anchor="center", max_width=rect.width - 2 * edge,
        )  # fmt: skip
    width = (rect.width - (drivers - 1) * style.px(10)) // drivers
    for index in range(drivers):
        column = Rect(rect.left + index * (width + style.px(10)), rect.top + line, width, rect.height - line)
        own = [caption for caption in captions if caption.driver == index]
        _draw_column(canvas, column, own[-_LINES:], colours[index], style)


def caption_height(scale: float) -> int:
    """Height of the captions at a scale [px]: a line for the road and `_LINES` for each driver."""
    return (_LINES + 1) * round(28 * scale) + round(10 * scale)


def draw_verdict(canvas: Canvas, rect: Rect, frame: RaceFrame, style: Style) -> None:
    """Draw the verdict and its sentences on a panel that fills ``rect``."""
    theme, inset = style.theme, style.px(26)
    canvas.box(rect, theme.panel, radius=style.px(8))
    canvas.frame(rect, theme.accent, radius=style.px(8), thickness=style.px(2))
    verdict = frame.verdict or ""
    title, max_width = verdict[:1].upper() + verdict[1:], rect.width - 2 * inset
    size, small = style.px(42), style.px(23)
    while size > small and style.type.width(title, size, bold=True) > max_width:
        size -= 2
    place = style.type.draw(
        canvas, title, (rect.left + inset, rect.top + inset), size, theme.accent,
        bold=True, max_width=max_width,
    )  # fmt: skip
    y = place.bottom + style.px(18)
    for sentence in frame.verdict_details:
        for part in style.type.wrap(sentence, small, max_width, lines=MAX_DETAIL_LINES):
            style.type.draw(canvas, part, (rect.left + inset, y), small, theme.text)
            y += style.px(34)
        y += style.px(12)


def _size(style: Style) -> int:
    return max(12, style.px(19))


def _line_height(style: Style) -> int:
    return round(28 * style.scale)


def _draw_column(
    canvas: Canvas, rect: Rect, captions: Sequence[Caption], colour: Colour, style: Style
) -> None:
    """Draw captions with their times, the latest at the bottom of what is filled and the brightest."""
    theme, line, y = style.theme, _line_height(style), rect.top
    bar = Rect(rect.left, rect.top + style.px(3), style.px(3), _LINES * line - style.px(6))
    canvas.box(bar, colour)
    left = bar.right + style.px(10)
    for index, caption in enumerate(captions):
        latest = index == len(captions) - 1
        tone = theme.text if caption.urgency is Urgency.CALM else theme.urgency_colour(caption.urgency)
        tone = tone if latest else mix(theme.background, tone, 0.72)
        middle = y + line // 2
        style.type.draw(
            canvas,
            f"{caption.elapsed:.1f} s",
            (left, middle),
            max(11, style.px(15)),
            theme.muted,
            anchor="midleft",
        )
        at = (left + style.px(_TIME_WIDTH), middle)
        style.type.draw(
            canvas, caption.text, at, _size(style), tone,
            bold=latest, anchor="midleft", max_width=rect.right - at[0],
        )  # fmt: skip
        y += line
