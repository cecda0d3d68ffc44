"""Style of all panels: colours, fonts and the scale of the window."""

from __future__ import annotations

from dataclasses import dataclass

from pygame import Rect

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.theme import Theme
from drive_stack.viewer.typeface import Typeface


@dataclass(frozen=True, slots=True)
class Style:
    """Colours, fonts and scale; lengths refer to a window of 1600 × 900 and are scaled to the actual size."""

    theme: Theme
    type: Typeface
    scale: float

    def px(self, length: float) -> int:
        """A length at this scale; at least 1 px."""
        return max(1, round(length * self.scale))

    @property
    def small(self) -> int:
        """Font size of labels and scales [px]."""
        return max(11, round(13 * self.scale))

    @property
    def body(self) -> int:
        """Font size of body text [px]."""
        return max(12, round(15 * self.scale))

    @property
    def large(self) -> int:
        """Font size of the most important text [px]."""
        return max(16, round(22 * self.scale))

    def panel(self, canvas: Canvas, rect: Rect, title: str) -> Rect:
        """Draw a panel with its title; returns the rectangle inside it."""
        radius, pad = self.px(8), self.px(14)
        canvas.box(rect, self.theme.panel, radius=radius)
        canvas.frame(rect, self.theme.panel_edge, radius=radius)
        at = (rect.left + pad, rect.top + self.px(10))
        place = self.type.draw(
            canvas, title, at, self.small, self.theme.muted, bold=True, max_width=rect.width - 2 * pad
        )
        top = place.bottom + self.px(6)
        return Rect(rect.left + pad, top, rect.width - 2 * pad, rect.bottom - pad - top)
