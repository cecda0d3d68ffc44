"""An RGB image with antialiased shapes and text in one buffer.

OpenCV draws the shapes and pygame the text, both into the same pixels. Points are ``(N, 2)`` x, y
[px] from the top left of the canvas or region, with subpixel precision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import cv2
import numpy as np
import pygame
from numpy.typing import NDArray

from drive_stack.types import FloatArray, Image
from drive_stack.viewer.theme import Colour

_SHIFT = 4  # fractional bits of OpenCV's coordinates
_TURN = np.linspace(0.0, 2.0 * np.pi, 20, endpoint=False)
_UNIT_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)
_QUARTER = np.linspace(0.0, np.pi / 2.0, 5) + np.pi / 2.0 * np.arange(4)[:, None]
_ROUNDING = np.stack([np.cos(_QUARTER), np.sin(_QUARTER)], axis=-1) - np.array(
    [[[1, 1]], [[-1, 1]], [[-1, -1]], [[1, -1]]]
)  # (4, 5, 2): from each corner of a rectangle to the points of its quarter circle of radius 1
_FAR = 1.0e5  # keeps fixed-point coordinates well inside 32 bits [px]


class Canvas:
    """An image, or a rectangular region of one; shapes are clipped to it."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels: Image = np.zeros((height, width, 3), dtype=np.uint8)
        self.surface = pygame.image.frombuffer(self.pixels.data, (width, height), "RGB")

    @property
    def width(self) -> int:
        """In pixels [px]."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels [px]."""
        return int(self.pixels.shape[0])

    @property
    def bounds(self) -> pygame.Rect:
        """The whole canvas as a rectangle at (0, 0)."""
        return pygame.Rect(0, 0, self.width, self.height)

    def region(self, rect: pygame.Rect) -> Canvas:
        """The region inside ``rect``, sharing the pixels; its origin is the top left corner of ``rect``."""
        inside = rect.clip(self.bounds)
        part = Canvas.__new__(Canvas)
        part.pixels = self.pixels[inside.top : inside.bottom, inside.left : inside.right]
        part.surface = self.surface.subsurface(inside)
        return part

    @contextmanager
    def glazed(self, opacity: float) -> Iterator[None]:
        """Blend everything drawn inside the ``with`` block with ``opacity`` 0 … 1."""
        before = self.pixels.copy()
        yield
        cv2.addWeighted(self.pixels, opacity, before, 1.0 - opacity, 0.0, dst=self.pixels)

    def fill(self, colour: Colour) -> None:
        """Fill the whole canvas."""
        self.surface.fill(colour)

    def picture(self, image: Image) -> None:
        """Show an image ``(H, W, 3)``, stretched to the canvas."""
        smaller = self.width < image.shape[1]
        interpolation = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        self.pixels[:] = cv2.resize(image, (self.width, self.height), interpolation=interpolation)

    def polygon(self, points: FloatArray, colour: Colour) -> None:
        """Fill a polygon ``(N, 2)``; a polygon with a corner that is not finite is not drawn."""
        if len(points) >= 3 and np.all(np.isfinite(points)):
            cv2.fillPoly(self.pixels, [_fixed(points)], colour, cv2.LINE_AA, _SHIFT)

    def line(self, points: FloatArray, colour: Colour, thickness: int = 1, *, closed: bool = False) -> None:
        """Draw a polyline ``(N, 2)``; points that are not finite break it."""
        self.lines(_finite_runs(points), colour, thickness, closed=closed)

    def lines(
        self, runs: Sequence[FloatArray], colour: Colour, thickness: int = 1, *, closed: bool = False
    ) -> None:
        """Draw many polylines, each ``(N, 2)`` and finite."""
        if thickness > 1:
            for run in runs:
                if len(run) >= 2:
                    contours = [_fixed(edge) for edge in _stroke(run, thickness, closed=closed)]
                    cv2.fillPoly(self.pixels, contours, colour, cv2.LINE_AA, _SHIFT)
            return
        fixed = [_fixed(run) for run in runs if len(run) >= 2]
        if fixed:
            cv2.polylines(self.pixels, fixed, closed, colour, 1, cv2.LINE_AA, _SHIFT)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        self._circle(x, y, radius, colour, cv2.FILLED)

    def ring(self, x: float, y: float, radius: float, colour: Colour, thickness: int = 1) -> None:
        """Draw a circle's outline."""
        self._circle(x, y, radius, colour, thickness)

    def _circle(self, x: float, y: float, radius: float, colour: Colour, thickness: int) -> None:
        """Draw a circle as a polygon, since OpenCV draws small circles as rotated squares."""
        if not (abs(x) < _FAR and abs(y) < _FAR):  # NaN too
            return
        points = np.array([x, y]) + radius * _UNIT_CIRCLE
        if thickness == cv2.FILLED:
            self.polygon(points, colour)
        else:
            self.line(points, colour, thickness, closed=True)

    def box(self, rect: pygame.Rect, colour: Colour, *, radius: int = 0) -> None:
        """Fill a rectangle with rounded corners."""
        pygame.draw.rect(self.surface, colour, rect) if radius == 0 else self.polygon(
            rounded_rectangle(rect.left, rect.top, rect.right, rect.bottom, radius), colour
        )

    def frame(self, rect: pygame.Rect, colour: Colour, *, radius: int = 0, thickness: int = 1) -> None:
        """Draw the outline of a rectangle with rounded corners, inside it."""
        inset = thickness / 2.0
        corners = rounded_rectangle(
            rect.left + inset, rect.top + inset, rect.right - inset, rect.bottom - inset, radius
        )
        self.line(corners, colour, thickness, closed=True)


def rounded_rectangle(left: float, top: float, right: float, bottom: float, radius: float) -> FloatArray:
    """Outline ``(N, 2)`` of an upright rectangle with rounded corners [px]."""
    radius = min(radius, (right - left) / 2.0, (bottom - top) / 2.0)
    corners = np.array([[right, bottom], [left, bottom], [left, top], [right, top]])
    return np.asarray((corners[:, None] + radius * _ROUNDING).reshape(-1, 2), dtype=np.float64)


def dashes(points: FloatArray, on: float, off: float) -> list[FloatArray]:
    """Cut a polyline ``(N, 2)`` into dashes of ``on`` px with gaps of ``off`` px."""
    segments: list[FloatArray] = []
    for run in _finite_runs(points):
        step = np.hypot(*np.diff(run, axis=0).T) if len(run) > 1 else np.zeros(0)
        distances = np.concatenate([[0.0], np.cumsum(step)])
        for start in np.arange(0.0, distances[-1], on + off):
            at = np.linspace(start, min(start + on, distances[-1]), 3)
            segments.append(
                np.stack([np.interp(at, distances, run[:, 0]), np.interp(at, distances, run[:, 1])], axis=1)
            )
    return segments


def _stroke(run: FloatArray, thickness: float, *, closed: bool) -> list[FloatArray]:
    """Outline of a thick line: one contour, or the outer and the inner contour of a closed line.

    Filled as one shape, it is smoother than OpenCV's thick lines, which are drawn segment by segment.
    """
    directions = np.roll(run, -1, axis=0) - np.roll(run, 1, axis=0)
    if not closed:
        directions[0], directions[-1] = run[1] - run[0], run[-1] - run[-2]
    length = np.maximum(np.hypot(directions[:, 0], directions[:, 1]), 1e-9)
    half = max(thickness - 1.0, 0.3) / 2.0  # the filled shape's soft edge adds half a pixel a side
    side = half * np.stack([-directions[:, 1], directions[:, 0]], axis=1) / length[:, None]
    if closed:
        return [run + side, run - side]
    return [np.concatenate([run + side, (run - side)[::-1]])]


def _fixed(points: FloatArray) -> NDArray[np.int32]:
    """Points in OpenCV's fixed-point format. OpenCV has integers at pixel centres, this canvas at corners."""
    clipped = np.minimum(np.maximum(points - 0.5, -_FAR), _FAR)
    return np.asarray(np.rint(clipped * (1 << _SHIFT)), dtype=np.int32)


def _finite_runs(points: FloatArray) -> list[FloatArray]:
    """Segments of a polyline whose points are all finite."""
    good = np.all(np.isfinite(points), axis=1)
    if good.all():
        return [points]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    return [points[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
