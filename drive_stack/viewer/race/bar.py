"""The bar of one driver in a race: name, speed, progress and score."""

from __future__ import annotations

from pygame import Rect

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.records import RaceFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour, mix


def draw_bar(canvas: Canvas, rect: Rect, frame: RaceFrame, index: int, colour: Colour, style: Style) -> None:
    """Draw a line of text, and below it a bar: bright up to the score, dim up to the progress.

    The driving score is the progress in per cent times the penalties, so the dim rest is the cost of
    infractions.
    """
    driver, edge, y = frame.drivers[index], style.px(6), rect.top + rect.height * 0.36
    text = f"{3.6 * driver.state.ego.speed:.0f} km/h    score {frame.scores[index]:.0f}"
    at = (rect.right - edge, y)
    place = style.type.draw(canvas, text, at, style.body, style.theme.text, anchor="midright")
    _draw_name(
        canvas,
        Rect(rect.left + edge, y, place.left - style.px(12) - rect.left - edge, 0),
        frame,
        index,
        colour,
        style,
    )
    track = Rect(rect.left + edge, round(rect.top + rect.height * 0.68), rect.width - 2 * edge, style.px(9))
    radius = track.height // 2
    canvas.box(track, style.theme.panel_edge, radius=radius)
    dim = mix(style.theme.panel_edge, colour, 0.45)
    for fraction, shade in ((frame.progress[index], dim), (frame.scores[index] / 100.0, colour)):
        done = Rect(track.left, track.top, max(round(track.width * fraction), track.height), track.height)
        canvas.box(done, shade, radius=radius)


def _draw_name(
    canvas: Canvas, rect: Rect, frame: RaceFrame, index: int, colour: Colour, style: Style
) -> None:
    """Draw the name and the tags "leads" and "reads the truth", shortened if there is not enough space."""
    driver, leads = frame.drivers[index], frame.leader == index
    tags = ["leads"] * leads
    long, short = (
        [*tags, tag_text] if driver.privileged else tags for tag_text in ("reads the truth", "truth")
    )
    name_width = style.type.width(driver.agent_name, style.body, bold=True) + style.px(10)
    fits = name_width + style.type.width(", ".join(long), style.small) <= rect.width
    tag = ", ".join(long if fits else short)
    max_width = rect.width - style.type.width(tag, style.small) - style.px(10)
    place = style.type.draw(
        canvas,
        driver.agent_name,
        rect.topleft,
        style.body,
        colour,
        bold=True,
        anchor="midleft",
        max_width=max_width,
    )
    at = (place.right + style.px(10), rect.top)
    style.type.draw(canvas, tag, at, style.small, style.theme.text, anchor="midleft")
