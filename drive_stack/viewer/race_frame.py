"""One picture of a race: every driver's camera, how each stands, and the road they share in thought."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from pygame import Rect

from drive_stack.types import Image
from drive_stack.viewer.camera_panel import draw_camera
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.chrome import draw_footer, draw_header
from drive_stack.viewer.dialogs import draw_banner, draw_help, outcome_words
from drive_stack.viewer.race_layout import RaceLayout, arrange_race
from drive_stack.viewer.race_strip import draw_strip
from drive_stack.viewer.records import DEFAULT_LAYERS, Layer, Playback, RaceFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour, Theme
from drive_stack.viewer.typeface import Typeface

# Okabe and Ito's palette (Color Universal Design, 2008), lightened for a dark ground
COLOURS: tuple[Colour, ...] = ((86, 180, 233), (240, 165, 40), (64, 214, 150), (224, 140, 200))


class RaceRenderer:
    """Draws frames of a race at one size. Needs no display."""

    def __init__(self, width: int = 1600, height: int = 900, theme: Theme | None = None) -> None:
        self._theme = theme if theme is not None else Theme()
        self._type = Typeface()
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        """Draw at another size from now on, but never smaller than `layout.MIN_SIZE`."""
        self._canvas = Canvas(*arrange_race(width, height, 2, camera_aspect=1.0).size)

    @property
    def canvas(self) -> Canvas:
        """What was drawn last."""
        return self._canvas

    def draw(
        self,
        frame: RaceFrame,
        layers: AbstractSet[Layer] = DEFAULT_LAYERS,
        playback: Playback | None = None,
        *,
        show_help: bool = False,
    ) -> Image:
        """The picture ``(H, W, 3)``; its memory is drawn over by the next call."""
        canvas, model = self._canvas, frame.drivers[0].camera_model
        layout = arrange_race(canvas.width, canvas.height, len(frame.drivers), model.width / model.height)
        style = Style(self._theme, self._type, layout.scale)
        canvas.fill(self._theme.background)
        for index in range(len(frame.drivers)):
            self._draw_driver(layout, frame, index, layers, style)
        draw_strip(canvas, layout.strip, frame, COLOURS, style)
        furthest = max(frame.drivers, key=lambda one: one.state.time)
        who = " – ".join(one.agent_name for one in frame.drivers)
        headed = replace(furthest, agent_name=who, privileged=False)
        draw_header(canvas, layout.header, headed, playback if playback is not None else Playback(), style)
        draw_footer(canvas, layout.footer, layers, style)
        if frame.verdict is not None:
            top, bottom = layout.cameras[0].top, layout.cameras[-1].bottom
            middle = Rect(0, top, canvas.width, bottom - top)
            title = frame.verdict[0].upper() + frame.verdict[1:]
            draw_banner(canvas, middle, title, self._theme.accent, style)
        if show_help:
            draw_help(canvas, style)
        return canvas.pixels

    def _draw_driver(
        self, layout: RaceLayout, frame: RaceFrame, index: int, layers: AbstractSet[Layer], style: Style
    ) -> None:
        canvas, one, colour = self._canvas, frame.drivers[index], COLOURS[index]
        camera = layout.cameras[index]
        draw_camera(canvas, camera, one, layers, style)
        if one.outcome is not None:
            part = canvas.region(camera)
            with part.glazed(0.55):
                part.fill(self._theme.background)
            if frame.verdict is None:
                tone = self._theme.accent if one.outcome == "completed" else self._theme.danger
                middle = camera.center
                words = outcome_words(one.outcome)
                style.type.draw(canvas, words, middle, style.large, tone, bold=True, anchor="center")
        canvas.frame(camera, colour, thickness=style.px(3 if frame.leader == index else 1.5))
        _draw_bar(canvas, layout.bars[index], frame, index, style)


def _draw_bar(canvas: Canvas, rect: Rect, frame: RaceFrame, index: int, style: Style) -> None:
    """Name, who leads, speed and score; below it the way that is done."""
    theme, one, colour = style.theme, frame.drivers[index], COLOURS[index]
    y, edge = rect.top + rect.height * 0.36, style.px(6)
    name = f"{one.agent_name} (reads the truth)" if one.privileged else one.agent_name
    place = style.type.draw(
        canvas, name, (rect.left + edge, y), style.body, colour, bold=True, anchor="midleft"
    )
    if frame.leader == index:
        at = (place.right + style.px(10), y)
        style.type.draw(canvas, "leads", at, style.small, theme.text, anchor="midleft")
    right = f"{3.6 * one.state.ego.speed:.0f} km/h    score {frame.scores[index]:.0f}"
    room = rect.width // 2
    style.type.draw(
        canvas, right, (rect.right - edge, y), style.body, theme.text, anchor="midright", most=room
    )
    track = Rect(rect.left + edge, round(rect.top + rect.height * 0.68), rect.width - 2 * edge, style.px(9))
    canvas.box(track, theme.panel_edge, radius=track.height // 2)
    done = Rect(
        track.left, track.top, max(round(track.width * frame.progress[index]), track.height), track.height
    )
    canvas.box(done, colour, radius=track.height // 2)
