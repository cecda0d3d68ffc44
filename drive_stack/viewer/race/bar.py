"""How one driver stands in a race: name, speed, the way that is done and the score."""

from __future__ import annotations

from pygame import Rect

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.records import RaceFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour, mix


def draw_bar(canvas: Canvas, rect: Rect, frame: RaceFrame, index: int, colour: Colour, style: Style) -> None:
    """A line of words, and below it a bar: bright up to the score, dim up to the way that is done.

    A driving score is the way done, in per cent, times what mistakes leave of it: the dim rest is
    what they have cost.
    """
    one, edge, y = frame.drivers[index], style.px(6), rect.top + rect.height * 0.36
    words = f"{3.6 * one.state.ego.speed:.0f} km/h    score {frame.scores[index]:.0f}"
    at = (rect.right - edge, y)
    place = style.type.draw(canvas, words, at, style.body, style.theme.text, anchor="midright")
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
    for share, shade in ((frame.progress[index], dim), (frame.scores[index] / 100.0, colour)):
        done = Rect(track.left, track.top, max(round(track.width * share), track.height), track.height)
        canvas.box(done, shade, radius=radius)


def _draw_name(
    canvas: Canvas, room: Rect, frame: RaceFrame, index: int, colour: Colour, style: Style
) -> None:
    """The name, then in as many words as there is room for that it leads and that it reads the truth."""
    one, leads = frame.drivers[index], frame.leader == index
    tags = ["leads"] * leads
    long, short = ([*tags, word] if one.privileged else tags for word in ("reads the truth", "truth"))
    wide = style.type.width(one.agent_name, style.body, bold=True) + style.px(10)
    fits = wide + style.type.width(", ".join(long), style.small) <= room.width
    tag = ", ".join(long if fits else short)
    most = room.width - style.type.width(tag, style.small) - style.px(10)
    place = style.type.draw(
        canvas, one.agent_name, room.topleft, style.body, colour, bold=True, anchor="midleft", most=most
    )
    at = (place.right + style.px(10), room.top)
    style.type.draw(canvas, tag, at, style.small, style.theme.text, anchor="midleft")
