"""Overlay of a network's attention on the camera image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour

_HUE: Colour = (255, 60, 200)  # unlike any road, sky, car or sign
_MAX_OPACITY = 0.75  # where the attention is 1
_MIN_HEAT = 0.15  # attention below this is not shown


def draw_attention(canvas: Canvas, heat: NDArray[np.float32], style: Style) -> None:
    """Tint the canvas by ``heat`` (H, W) in 0 … 1; the image remains visible."""
    cover = cv2.resize(heat, (canvas.width, canvas.height), interpolation=cv2.INTER_LINEAR)
    cover = _MAX_OPACITY * np.clip((cover - _MIN_HEAT) / (1.0 - _MIN_HEAT), 0.0, 1.0)[..., None]
    tinted = canvas.pixels * (1.0 - cover) + np.array(_HUE, dtype=np.float32) * cover
    np.copyto(canvas.pixels, tinted.astype(np.uint8))
    at = (style.px(10), canvas.height - style.px(8))
    style.type.draw(canvas, "where the network looks", at, style.small, _HUE, bold=True, anchor="bottomleft")
