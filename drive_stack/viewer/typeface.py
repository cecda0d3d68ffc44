"""Text rendering with one sans-serif font, the same on every machine; rendered text is cached."""

from __future__ import annotations

import importlib.util
from collections import OrderedDict
from pathlib import Path

import pygame

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.theme import Colour

_FALLBACKS = "dejavusans,notosans,segoeui,helveticaneue,arial,liberationsans"
_CACHED = 768  # pieces of rendered text


class Typeface:
    """Draws text at pixel sizes; caches rendered text."""

    def __init__(self) -> None:
        pygame.font.init()
        self._fonts: dict[tuple[int, bool], pygame.font.Font] = {}
        self._rendered: OrderedDict[tuple[str, int, bool, Colour], pygame.Surface] = OrderedDict()

    def font(self, size: int, *, bold: bool = False) -> pygame.font.Font:
        """The font whose em is ``size`` px."""
        key = (size, bold)
        if key not in self._fonts:
            self._fonts[key] = _open(size, bold)
        return self._fonts[key]

    def width(self, text: str, size: int, *, bold: bool = False) -> int:
        """Width of a line [px]."""
        return self.font(size, bold=bold).size(text)[0]

    def height(self, size: int) -> int:
        """Height of a line [px]."""
        return self.font(size).get_linesize()

    def draw(
        self,
        canvas: Canvas,
        text: str,
        at: tuple[float, float],
        size: int,
        colour: Colour,
        *,
        bold: bool = False,
        anchor: str = "topleft",
        max_width: int | None = None,
    ) -> pygame.Rect:
        """Draw one line with its ``anchor`` (a pygame.Rect attribute) at a point; returns its rectangle.

        A line longer than ``max_width`` [px] is shortened with an ellipsis.
        """
        if max_width is not None:
            text = self.shorten(text, size, max_width, bold=bold)
        rendered = self._render(text, size, bold, colour)
        place = rendered.get_rect(**{anchor: (round(at[0]), round(at[1]))})
        canvas.surface.blit(rendered, place)
        return place

    def shorten(self, text: str, size: int, max_width: int, *, bold: bool = False) -> str:
        """The text, shortened with an ellipsis if it is wider than ``max_width`` px."""
        if self.width(text, size, bold=bold) <= max_width:
            return text
        while text and self.width(text + "…", size, bold=bold) > max_width:
            text = text[:-1].rstrip()
        return text + "…" if text else ""

    def wrap(self, text: str, size: int, max_width: int, *, lines: int, bold: bool = False) -> list[str]:
        """Break at spaces into at most ``lines`` lines of ``max_width`` px; the last one is shortened."""
        words = text.split()
        wrapped: list[str] = []
        while words and len(wrapped) < lines:
            line = words.pop(0)
            while words and self.width(f"{line} {words[0]}", size, bold=bold) <= max_width:
                line = f"{line} {words.pop(0)}"
            if words and len(wrapped) == lines - 1:
                line = f"{line} {' '.join(words)}"
            wrapped.append(self.shorten(line, size, max_width, bold=bold))
        return wrapped

    def _render(self, text: str, size: int, bold: bool, colour: Colour) -> pygame.Surface:
        key = (text, size, bold, colour)
        if key in self._rendered:
            self._rendered.move_to_end(key)
            return self._rendered[key]
        rendered = self.font(size, bold=bold).render(text, True, colour)
        self._rendered[key] = rendered
        if len(self._rendered) > _CACHED:
            self._rendered.popitem(last=False)
        return rendered


def _open(size: int, bold: bool) -> pygame.font.Font:
    """DejaVu Sans from matplotlib (highway-env needs it), otherwise a sans-serif font of the system."""
    spec = importlib.util.find_spec("matplotlib")  # found, not imported: importing it is slow
    if spec is not None and spec.origin is not None:
        name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
        path = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / name
        if path.is_file():
            return pygame.font.Font(path, size)
    return pygame.font.SysFont(_FALLBACKS, size, bold=bold)
