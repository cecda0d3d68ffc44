"""The header and the footer of the window."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from pygame import Rect

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.keys import HINTS
from drive_stack.viewer.records import Layer, Playback, ViewFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour


def draw_header(
    canvas: Canvas, rect: Rect, frame: ViewFrame, playback: Playback | None, style: Style
) -> None:
    """Draw the agent and the scenario on the left, the time and the state of the playback on the right."""
    theme, y = style.theme, rect.centery
    edge = style.px(16)
    time = f"{frame.state.time:.1f} s"
    right = style.type.draw(
        canvas, time, (rect.right - edge, y), style.body, theme.text, bold=True, anchor="midright"
    ).left
    if playback is not None:
        right = _draw_playback(canvas, playback, right, y, style)
    place = style.type.draw(
        canvas, "Drive Stack", (rect.left + edge, y), style.large, theme.text, bold=True, anchor="midleft"
    )
    x = place.right + style.px(20)
    episode = f"episode {frame.episode} of {frame.episodes}" if frame.episodes > 1 else ""
    driver = f"{frame.agent_name} (reads the truth)" if frame.privileged else frame.agent_name
    parts = (
        (driver, theme.accent),
        (frame.scenario.replace("_", " "), theme.text),
        (f"seed {frame.seed}", theme.muted),
        (f"{frame.state.conditions.light.value}, {frame.state.conditions.weather.value}", theme.muted),
        (episode, theme.muted),
    )
    for text, colour in parts:
        available = right - style.px(16) - x
        if not text or available < style.px(40):
            continue
        place = style.type.draw(
            canvas, text, (x, y), style.body, colour, anchor="midleft", max_width=available
        )
        x = place.right + style.px(20)


def _draw_playback(canvas: Canvas, playback: Playback, right: int, y: int, style: Style) -> int:
    """Draw the speed and what is unusual about the playback; returns the left edge [px]."""
    warning = style.theme.warning
    right = _chip(canvas, _playback_text(playback), right - style.px(12), y, style.theme.muted, style)
    if playback.jumping:
        right = _chip(canvas, "to the end", right - style.px(8), y, warning, style)
    if playback.behind > 0.0:
        right = _chip(canvas, f"{playback.behind:.1f} s back", right - style.px(8), y, warning, style)
    if playback.paused:
        right = _chip(canvas, "paused", right - style.px(8), y, warning, style)
    return right


def _playback_text(playback: Playback) -> str:
    text = f"{playback.speed_factor:g}×"
    if playback.reached is not None:
        text += f" (reaches {playback.reached:.1f}×)"
    return text


def _chip(canvas: Canvas, text: str, right: float, y: float, colour: Colour, style: Style) -> int:
    """Draw text in a rounded frame; returns its left edge [px]."""
    width = style.type.width(text, style.small, bold=True) + style.px(18)
    rect = Rect(0, 0, width, style.small + style.px(12))
    rect.midright = (round(right), round(y))
    canvas.frame(rect, colour, radius=rect.height // 2, thickness=style.px(1.4))
    style.type.draw(canvas, text, rect.center, style.small, colour, bold=True, anchor="center")
    return rect.left


def draw_footer(
    canvas: Canvas, rect: Rect, layers: AbstractSet[Layer], offered: AbstractSet[Layer], style: Style
) -> None:
    """Draw the ``offered`` layers with their keys on the left, bright when shown, and common keys."""
    theme, y = style.theme, rect.centery
    x = rect.left + style.px(16)
    for layer in (layer for layer in Layer if layer in offered):
        shown = layer in layers
        colour = theme.text if shown else theme.faint
        key = style.type.draw(
            canvas,
            layer.key,
            (x, y),
            style.small,
            theme.accent if shown else theme.faint,
            bold=True,
            anchor="midleft",
        )
        name = style.type.draw(
            canvas, layer.title, (key.right + style.px(5), y), style.small, colour, anchor="midleft"
        )
        x = name.right + style.px(16)
    right = rect.right - style.px(16)
    for key_name, meaning in HINTS:
        needed = style.type.width(f"{key_name} {meaning}", style.small, bold=True)
        if right - needed < x + style.px(10):
            return
        place = style.type.draw(canvas, meaning, (right, y), style.small, theme.muted, anchor="midright")
        place = style.type.draw(
            canvas,
            key_name,
            (place.left - style.px(5), y),
            style.small,
            theme.text,
            bold=True,
            anchor="midright",
        )
        right = place.left - style.px(16)


def draw_shown_layers(
    canvas: Canvas, rect: Rect, layers: AbstractSet[Layer], offered: AbstractSet[Layer], style: Style
) -> None:
    """Name the layers that are drawn, at the foot of a video, whose viewer has no keys."""
    names = ", ".join(layer.title for layer in Layer if layer in layers & offered)
    if names:
        at, edge = (rect.left + style.px(16), rect.centery), style.px(32)
        style.type.draw(
            canvas, f"Drawn: {names}", at, style.small, style.theme.muted,
            anchor="midleft", max_width=rect.width - edge,
        )  # fmt: skip
