"""What a network looked at, laid over the camera's picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.viewer.canvas import Canvas
from drive_stack.viewer.style import Style
from drive_stack.viewer.theme import Colour

_HUE: Colour = (255, 60, 200)  # as no road, sky, car or sign has it
_MOST = 0.75  # that the strongest covers of the picture
_FAINT = 0.15  # less than this is not shown


def draw_attention(canvas: Canvas, heat: NDArray[np.float32], style: Style) -> None:
    """Tint the whole canvas by ``heat`` (H, W) of 0 … 1; the road stays to be seen through it."""
    cover = cv2.resize(heat, (canvas.width, canvas.height), interpolation=cv2.INTER_LINEAR)
    cover = _MOST * np.clip((cover - _FAINT) / (1.0 - _FAINT), 0.0, 1.0)[..., None]
    tinted = canvas.pixels * (1.0 - cover) + np.array(_HUE, dtype=np.float32) * cover
    np.copyto(canvas.pixels, tinted.astype(np.uint8))
    at = (style.px(10), canvas.height - style.px(8))
    style.type.draw(canvas, "where the network looks", at, style.small, _HUE, bold=True, anchor="bottomleft")
