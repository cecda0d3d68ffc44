"""One image of a clip: the camera, and below it the bird's-eye view and the agent's decision."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from pygame import Rect

from drive_stack.types import Image
from drive_stack.viewer.birdseye.panel import draw_birdseye
from drive_stack.viewer.camera_panel import draw_camera
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.decision_panel import draw_decision
from drive_stack.viewer.dialogs import outcome_text
from drive_stack.viewer.records import DEFAULT_LAYERS, Layer, Playback, ViewFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Theme
from drive_stack.viewer.typeface import Typeface

SIZE = (640, 600)
_CAMERA = Rect(0, 0, 640, 256)
_BIRDSEYE = Rect(0, 260, 250, 340)
_DECISION = Rect(254, 260, 386, 340)
_SCALE = 0.85  # of text and lines
_LAYERS = DEFAULT_LAYERS | {Layer.TRUE_BOXES}


class ClipRenderer:
    """Draws frames at the fixed size of clips. Needs no display."""

    def __init__(self) -> None:
        self._style = Style(Theme(), Typeface(), _SCALE)
        self._canvas = Canvas(*SIZE)

    @property
    def canvas(self) -> Canvas:
        """The canvas with the last image."""
        return self._canvas

    def resize(self, width: int, height: int) -> None:
        """Do nothing: clips have a fixed size."""

    def draw(
        self,
        frame: ViewFrame,
        layers: AbstractSet[Layer] = _LAYERS,
        playback: Playback | None = None,  # noqa: ARG002 - a clip has no playback controls
        *,
        show_help: bool = False,  # noqa: ARG002 - a clip has no keys
    ) -> Image:
        """Draw an image ``(H, W, 3)``; the next call overwrites its memory."""
        canvas, style = self._canvas, self._style
        canvas.fill(style.theme.background)
        draw_camera(canvas, _CAMERA, frame, layers, style)
        draw_birdseye(canvas, _BIRDSEYE, frame, layers, style)
        draw_decision(canvas, _DECISION, frame, style)
        time = f"{frame.state.time:.1f} s"
        corner = (_CAMERA.right - style.px(10), _CAMERA.top + style.px(8))
        style.type.draw(canvas, time, corner, style.body, style.theme.text, bold=True, anchor="topright")
        if frame.outcome is not None:
            self._mark(frame.outcome)
        return canvas.pixels

    def _mark(self, outcome: str) -> None:
        """Draw the outcome as a frame and a label over the camera image."""
        canvas, style = self._canvas, self._style
        tone = style.theme.accent if outcome == "completed" else style.theme.danger
        canvas.frame(_CAMERA, tone, thickness=style.px(5))
        words, at = outcome_text(outcome), (_CAMERA.centerx, _CAMERA.top + style.px(22))
        width = style.type.width(words, style.large, bold=True) + style.px(30)
        plate = Rect(0, 0, width, style.px(36))
        plate.center = at
        canvas.box(plate, style.theme.background, radius=style.px(8))
        style.type.draw(canvas, words, at, style.large, tone, bold=True, anchor="center")
