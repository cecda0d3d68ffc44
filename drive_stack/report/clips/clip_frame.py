"""One image of a clip: the camera, and below it the view from above and the driver's decision."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pygame import Rect

from drive_stack.report.clips.top_view import draw_top_view
from drive_stack.types import Image
from drive_stack.viewer.camera_panel import draw_camera
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.decision_panel import draw_decision
from drive_stack.viewer.dialogs import outcome_text
from drive_stack.viewer.records import DEFAULT_LAYERS, Layer, ViewFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Theme
from drive_stack.viewer.typeface import Typeface

SIZE = (640, 600)
_CAMERA = Rect(0, 0, 640, 256)
_TOP_VIEW = Rect(0, 260, 290, 340)
_DECISION = Rect(294, 260, 346, 340)
_SCALE = 0.85  # of text and lines
_LAYERS = DEFAULT_LAYERS | {Layer.TRUE_BOXES}


@dataclass(frozen=True, slots=True)
class ClipMoment:
    """What one image shows: a moment on which the driver acted, and the world at the same time or later.

    At the end of a drive, the camera image and the overlays of the last moment remain, so that what the
    driver thought last can be read. Only the view from above shows the true world at ``present``, when the
    ego touches what it hits.
    """

    acted: ViewFrame
    present: ViewFrame  # its outcome is marked in the image


class ClipRenderer:
    """Draws images at the fixed size of clips. Needs no display; each image overwrites the one before."""

    def __init__(self) -> None:
        self._style = Style(Theme(), Typeface(), _SCALE)
        self._canvas = Canvas(*SIZE)

    def draw(self, frame: ClipMoment) -> Image:
        """Draw a moment: an image ``(H, W, 3)``."""
        acted, present = frame.acted, frame.present
        self._panels(replace(acted, outcome=present.outcome))
        shown, acted_from = present, None
        if present.state is not acted.state:
            shown = replace(present, trace=acted.trace, headline=acted.headline)
            acted_from = acted.state.ego
        draw_top_view(self._canvas, _TOP_VIEW, shown, self._style, acted_from=acted_from)
        return self._canvas.pixels

    def _panels(self, frame: ViewFrame) -> None:
        canvas, style = self._canvas, self._style
        canvas.fill(style.theme.background)
        draw_camera(canvas, _CAMERA, frame, _LAYERS, style)
        draw_decision(canvas, _DECISION, frame, style)
        time = f"{frame.state.time:.1f} s"
        corner = (_CAMERA.right - style.px(10), _CAMERA.top + style.px(8))
        style.type.draw(canvas, time, corner, style.body, style.theme.text, bold=True, anchor="topright")
        if frame.outcome is not None:
            self._mark(frame.outcome)

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
