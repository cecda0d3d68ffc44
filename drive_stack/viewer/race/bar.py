"""The bar of one driver in a race: name, speed, progress, score and what it does and why."""

from __future__ import annotations

from pygame import Rect

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.headline import Urgency
from drive_stack.viewer.records import RaceFrame, ViewFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour, mix


def draw_bar(canvas: Canvas, rect: Rect, frame: RaceFrame, index: int, colour: Colour, style: Style) -> None:
    """Draw text, and a bar: bright up to the score, dim up to the progress.

    The driving score is the progress in per cent times the penalties, so the dim rest is the cost of
    infractions. A high ``rect`` is the column beside a camera, a low one the row below it.
    """
    edge = style.px(6)
    inside = Rect(rect.left + edge, rect.top, rect.width - 2 * edge, rect.height)
    if rect.height > rect.width / 2:
        _draw_column(canvas, inside, frame, index, colour, style)
    else:
        _draw_row(canvas, inside, frame, index, colour, style)


def reason_of(driver: ViewFrame) -> tuple[str, Urgency]:
    """What a driver does and why, or how its drive ended, and how urgent that is."""
    if driver.outcome is not None:
        urgency = Urgency.CALM if driver.outcome == "completed" else Urgency.DANGER
        return ". ".join(driver.outcome_details), urgency
    if driver.headline is None:
        return ("gives no reasons" if driver.history else "about to set off"), Urgency.CALM
    headline = driver.headline
    reason = f": {headline.reason}" if headline.reason else ""
    return f"{headline.full_text}{reason}", headline.urgency


def _draw_row(canvas: Canvas, rect: Rect, frame: RaceFrame, index: int, colour: Colour, style: Style) -> None:
    """Name, speed and score in a line, the progress, and the reason in a line or, smaller, in several."""
    y = rect.top + style.px(18)
    place = style.type.draw(
        canvas, _numbers(frame, index), (rect.right, y), style.body, style.theme.text, anchor="midright"
    )
    name = Rect(rect.left, round(y), place.left - style.px(12) - rect.left, 0)
    _draw_name(canvas, name, frame, index, colour, style)
    track = _draw_progress(
        canvas, Rect(rect.left, rect.top + style.px(35), rect.width, 0), frame, index, colour, style
    )
    text, _ = reason_of(frame.drivers[index])
    in_one_line = style.type.width(text, style.body) <= rect.width
    top = track.bottom + style.px(8 if in_one_line else 4)
    _draw_reason(canvas, rect, top, style.body if in_one_line else style.small, frame, index, style)


def _draw_column(
    canvas: Canvas, rect: Rect, frame: RaceFrame, index: int, colour: Colour, style: Style
) -> None:
    """Name, speed and score, progress and reason from top to bottom."""
    line = style.body + style.px(9)
    _draw_name(canvas, Rect(rect.left, rect.top + line // 2, rect.width, 0), frame, index, colour, style)
    at = (rect.left, rect.top + 1.5 * line)
    style.type.draw(
        canvas, _numbers(frame, index), at, style.small, style.theme.text,
        anchor="midleft", max_width=rect.width,
    )  # fmt: skip
    track = _draw_progress(
        canvas, Rect(rect.left, round(rect.top + 2.2 * line), rect.width, 0), frame, index, colour, style
    )
    _draw_reason(canvas, rect, track.bottom + style.px(10), style.small, frame, index, style)


def _draw_reason(
    canvas: Canvas, rect: Rect, top: int, size: int, frame: RaceFrame, index: int, style: Style
) -> None:
    """Write the reason from ``top`` on, in as many lines of a font ``size`` as ``rect`` has space for."""
    text, urgency = reason_of(frame.drivers[index])
    tone = style.theme.muted if urgency is Urgency.CALM else style.theme.urgency_colour(urgency)
    height = style.type.height(size)
    for part in style.type.wrap(text, size, rect.width, lines=max((rect.bottom - top) // height, 0)):
        style.type.draw(canvas, part, (rect.left, top), size, tone)
        top += height


def _numbers(frame: RaceFrame, index: int) -> str:
    return f"{3.6 * frame.drivers[index].state.ego.speed:.0f} km/h    score {frame.scores[index]:.0f}"


def _draw_progress(
    canvas: Canvas, rect: Rect, frame: RaceFrame, index: int, colour: Colour, style: Style
) -> Rect:
    """Draw progress and score as a bar at the top of ``rect``; returns its rectangle."""
    track = Rect(rect.left, rect.top, rect.width, style.px(9))
    radius = track.height // 2
    canvas.box(track, style.theme.panel_edge, radius=radius)
    dim = mix(style.theme.panel_edge, colour, 0.45)
    for fraction, shade in ((frame.progress[index], dim), (frame.scores[index] / 100.0, colour)):
        done = Rect(track.left, track.top, max(round(track.width * fraction), track.height), track.height)
        canvas.box(done, shade, radius=radius)
    return track


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
