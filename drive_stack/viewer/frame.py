"""Draws one frame of a drive, for the window and for videos."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Protocol

from drive_stack.types import Image
from drive_stack.viewer.birdseye.panel import draw_birdseye
from drive_stack.viewer.camera_panel import draw_camera
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.chrome import draw_footer, draw_header, draw_shown_layers
from drive_stack.viewer.decision_panel import draw_decision
from drive_stack.viewer.dialogs import draw_help, draw_outcome
from drive_stack.viewer.layout import Layout, arrange
from drive_stack.viewer.playback.timeline import draw_timeline
from drive_stack.viewer.records import DEFAULT_LAYERS, FrameDrawn_contra, Layer, Playback, ViewFrame
from drive_stack.viewer.score_panel import draw_score, draw_timing
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Theme
from drive_stack.viewer.traces import draw_traces
from drive_stack.viewer.typeface import Typeface


class Renderer(Protocol[FrameDrawn_contra]):
    """Draws frames of one type at one size."""

    @property
    def canvas(self) -> Canvas:
        """The canvas with the last frame."""
        ...

    def resize(self, width: int, height: int) -> None:
        """Set the size of the following frames."""
        ...

    def draw(
        self,
        frame: FrameDrawn_contra,
        layers: AbstractSet[Layer] = DEFAULT_LAYERS,
        playback: Playback | None = None,
        *,
        show_help: bool = False,
    ) -> Image:
        """Draw a frame; returns the image ``(H, W, 3)``, whose memory the next call overwrites.

        Without a ``playback``, the image is of a video: it shows neither keys nor the state of the playback.
        """
        ...


class FrameRenderer:
    """Draws frames at one size; reuses its canvas and its fonts. Needs no display."""

    def __init__(self, width: int = 1600, height: int = 900, theme: Theme | None = None) -> None:
        self._theme = theme if theme is not None else Theme()
        self._type = Typeface()
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        """Draw at another size from now on, but never smaller than `layout.MIN_SIZE`."""
        self._canvas = Canvas(*arrange(width, height, camera_aspect=1.0).size)

    @property
    def canvas(self) -> Canvas:
        """The canvas with the last frame."""
        return self._canvas

    def draw(
        self,
        frame: ViewFrame,
        layers: AbstractSet[Layer] = DEFAULT_LAYERS,
        playback: Playback | None = None,
        *,
        show_help: bool = False,
    ) -> Image:
        """Draw a frame; returns the image ``(H, W, 3)``, whose memory the next call overwrites."""
        canvas = self._canvas
        model = frame.camera_model
        aspect = model.width / model.height
        layout = arrange(canvas.width, canvas.height, aspect, timeline=frame.timeline is not None)
        style = Style(self._theme, self._type, layout.scale)
        self._draw_panels(layout, frame, layers, style)
        draw_header(canvas, layout.header, frame, playback, style)
        draw_foot = draw_shown_layers if playback is None else draw_footer
        draw_foot(canvas, layout.footer, layers, frame.offered, style)
        if layout.timeline is not None:
            draw_timeline(canvas, layout.timeline, frame, style)
        if frame.outcome is not None:
            draw_outcome(canvas, layout.camera, frame, style, keys=playback is not None)
        if show_help:
            draw_help(canvas, frame.offered, style)
        return canvas.pixels

    def _draw_panels(
        self, layout: Layout, frame: ViewFrame, layers: AbstractSet[Layer], style: Style
    ) -> None:
        canvas = self._canvas
        canvas.fill(self._theme.background)
        draw_camera(canvas, layout.camera, frame, layers, style)
        draw_birdseye(canvas, layout.birdseye, frame, layers, style)
        draw_decision(canvas, layout.decision, frame, style)
        draw_traces(canvas, layout.traces, frame, style)
        times_stages = frame.trace.stage_ms if frame.trace is not None else not frame.history
        if not times_stages:
            draw_score(canvas, layout.score.union(layout.timing), frame.score, style)
        else:
            draw_score(canvas, layout.score, frame.score, style)
            draw_timing(canvas, layout.timing, frame, style)
