"""Pictures as JPEG streams."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.types import Image


def encode(image: Image, quality: int, *, full_colour: bool) -> NDArray[np.uint8]:
    """JPEG stream of an RGB image; with ``full_colour`` colours at every pixel, which far objects need."""
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if full_colour else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    stream = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), flags)[1]
    return np.asarray(stream, dtype=np.uint8).reshape(-1)


def decode(stream: NDArray[np.uint8]) -> Image:
    """Undo `encode`, but for the compression. Raises `ValueError` for what is no picture."""
    picture = cv2.imdecode(stream, cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError("not a JPEG stream")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)
