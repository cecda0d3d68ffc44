"""One image of a film of the lesson: the front cameras of its drivers on top of each other."""

from __future__ import annotations

from collections.abc import Sequence

from pygame import Rect

from drive_stack.types import Image
from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.records import RaceFrame
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Theme
from drive_stack.viewer.typeface import Typeface

_GAP = 4  # between two images [px]
_SCALE = 1.35  # of the text, which is read on phones


class StackedCameras:
    """Draws what the cameras see, each with its driver's label, speed and end. Needs no display."""

    def __init__(self, labels: Sequence[str], camera_size: tuple[int, int]) -> None:
        """``labels`` from top to bottom; ``camera_size`` is width and height of one image [px]."""
        self._labels = tuple(labels)
        width, height = camera_size
        self._canvas = Canvas(width, len(self._labels) * (height + _GAP) - _GAP)
        self._places = [Rect(0, index * (height + _GAP), width, height) for index in range(len(self._labels))]
        self._style = Style(Theme(), Typeface(), _SCALE)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the images [px]."""
        return self._canvas.width, self._canvas.height

    def draw(self, frame: RaceFrame) -> Image:
        """Draw a frame; the next call overwrites the image."""
        self._canvas.fill(self._style.theme.background)
        for label, place, driver in zip(self._labels, self._places, frame.drivers, strict=True):
            part = self._canvas.region(place)
            part.picture(driver.observation.image)
            self._label(part, f"{label}   {3.6 * driver.state.ego.speed:.0f} km/h")
        return self._canvas.pixels

    def _label(self, canvas: Canvas, text: str) -> None:
        style = self._style
        width = style.type.width(text, style.body, bold=True) + style.px(16)
        plate = canvas.region(Rect(0, 0, width, style.body + style.px(10)))
        with plate.glazed(0.75):
            plate.fill(style.theme.background)
        at = style.px(8), plate.height // 2
        style.type.draw(plate, text, at, style.body, style.theme.text, bold=True, anchor="midleft")
