"""Draws one frame of a race: each driver's camera and bar, and the strip of the road."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace

from drive_stack.types import Image
from drive_stack.viewer.camera_panel import draw_camera
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.chrome import draw_footer, draw_header, draw_shown_layers
from drive_stack.viewer.dialogs import draw_banner, draw_help, outcome_text
from drive_stack.viewer.race.bar import draw_bar
from drive_stack.viewer.race.captions import draw_captions, draw_verdict
from drive_stack.viewer.race.layout import RaceLayout, arrange_race
from drive_stack.viewer.race.strip import draw_strip
from drive_stack.viewer.records import DEFAULT_LAYERS, Layer, Playback, RaceFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour, Theme
from drive_stack.viewer.typeface import Typeface

# Lime, violet, cyan and green: at least 70 of 255 apart for all kinds of colour vision, and unlike the
# colours of object classes and warnings (a test)
COLOURS: tuple[Colour, ...] = ((190, 240, 40), (190, 40, 240), (40, 240, 240), (40, 140, 90))


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
        """The canvas with the last frame."""
        return self._canvas

    def draw(
        self,
        frame: RaceFrame,
        layers: AbstractSet[Layer] = DEFAULT_LAYERS,
        playback: Playback | None = None,
        *,
        show_help: bool = False,
    ) -> Image:
        """Draw a frame; returns the image ``(H, W, 3)``, whose memory the next call overwrites."""
        canvas, model = self._canvas, frame.drivers[0].camera_model
        aspect, is_told = model.width / model.height, frame.captions is not None
        layout = arrange_race(canvas.width, canvas.height, len(frame.drivers), aspect, captions=is_told)
        style = Style(self._theme, self._type, layout.scale)
        canvas.fill(self._theme.background)
        for index in range(len(frame.drivers)):
            self._draw_driver(layout, frame, index, layers, style)
        self._draw_road(layout, frame, style, keys=playback is not None)
        latest = max(frame.drivers, key=lambda driver: driver.state.time)
        names = " – ".join(driver.agent_name for driver in frame.drivers)
        header_frame = replace(latest, agent_name=names, privileged=False)
        draw_header(canvas, layout.header, header_frame, playback, style)
        offered = frozenset[Layer]().union(*(driver.offered for driver in frame.drivers))
        draw_foot = draw_shown_layers if playback is None else draw_footer
        draw_foot(canvas, layout.footer, layers, offered, style)
        if show_help:
            draw_help(canvas, offered, style)
        return canvas.pixels

    def _draw_road(self, layout: RaceLayout, frame: RaceFrame, style: Style, *, keys: bool) -> None:
        """Draw the captions, the road from above, and at the end the verdict."""
        if layout.captions is not None and frame.verdict is not None:
            draw_verdict(self._canvas, layout.captions.union(layout.strip), frame, style)
            return
        if layout.captions is not None and frame.captions is not None:
            colours = COLOURS[: len(frame.drivers)]
            draw_captions(self._canvas, layout.captions, frame.captions, colours, style)
        draw_strip(self._canvas, layout.strip, frame, COLOURS, style)
        if frame.verdict is not None:
            title = frame.verdict[0].upper() + frame.verdict[1:]
            draw_banner(self._canvas, layout.strip, title, self._theme.accent, style, keys=keys)

    def _draw_driver(
        self, layout: RaceLayout, frame: RaceFrame, index: int, layers: AbstractSet[Layer], style: Style
    ) -> None:
        canvas, driver, colour = self._canvas, frame.drivers[index], COLOURS[index]
        camera = layout.cameras[index]
        draw_camera(canvas, camera, driver, layers, style)
        if driver.outcome is not None:
            part = canvas.region(camera)
            with part.glazed(0.55):
                part.fill(self._theme.background)
            tone = self._theme.accent if driver.outcome == "completed" else self._theme.danger
            text = outcome_text(driver.outcome)
            style.type.draw(canvas, text, camera.center, style.large, tone, bold=True, anchor="center")
        width = max(4, style.px(4)) if frame.leader == index else 2
        canvas.frame(camera, colour, thickness=width)
        draw_bar(canvas, layout.bars[index], frame, index, colour, style)
