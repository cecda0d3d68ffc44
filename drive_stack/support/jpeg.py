"""Pictures as JPEG streams."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.types import Image

MAX_PIXELS = 2**24  # of a picture that is decoded; 100 times the camera's own
_BEGIN, _END = b"\xff\xd8", b"\xff\xd9"
# markers of a frame's header, which has the size (ITU-T T.81, table B.1); the others of C0 to CF are tables
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA  # from here on there are pixels
# no segment of a header begins so: stuffed and fill bytes, and markers that stand alone. Decoders pass over
# them each in its own way, so that the size found here would not be the size of what is decoded.
_NO_SEGMENT = frozenset((0x00, 0x01, 0xFF, *range(0xD0, 0xDA)))


def encode(image: Image, quality: int, *, full_colour: bool) -> NDArray[np.uint8]:
    """JPEG stream of an RGB image; with ``full_colour`` colours at every pixel, which far objects need."""
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if full_colour else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    stream = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), flags)[1]
    return np.asarray(stream, dtype=np.uint8).reshape(-1)


def decode(stream: NDArray[np.uint8]) -> Image:
    """Undo `encode`, but for the compression.

    Raises `ValueError` for what is no whole JPEG stream, or has more than `MAX_PIXELS`.
    """
    height, width = jpeg_size(stream)
    if height * width > MAX_PIXELS:
        raise ValueError(f"{width} × {height} pixels are more than {MAX_PIXELS}")
    picture = cv2.imdecode(stream, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None or picture.shape != (height, width, 3):
        raise ValueError("not a JPEG stream that can be decoded")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def jpeg_size(stream: NDArray[np.uint8]) -> tuple[int, int]:
    """Height and width [px] as the header says, nothing decoded; `ValueError` for no whole JPEG stream."""
    data = stream.tobytes()
    if not data.startswith(_BEGIN):
        raise ValueError("not a JPEG stream")
    if not data.endswith(_END):
        raise ValueError("a JPEG stream that is cut off")
    place = len(_BEGIN)
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in _FRAMES:
            return (
                int.from_bytes(data[place + 5 : place + 7], "big"),
                int.from_bytes(data[place + 7 : place + 9], "big"),
            )
        if marker == _SCAN or marker in _NO_SEGMENT or length < 2:
            break
        place += 2 + length
    raise ValueError("a JPEG stream without a size")
