"""Encoding and decoding of images as JPEG streams."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.types import Image

MAX_PIXELS = 2**24  # of an image to decode; 100 times those of a camera image
_START, _END = b"\xff\xd8", b"\xff\xd9"
# markers of frame headers, which contain the size (ITU-T T.81, table B.1); the rest of C0 to CF mark tables
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA  # pixel data follows
# codes that do not start a header segment: stuffed bytes, fill bytes and stand-alone markers. Decoders skip
# them in different ways, so the size read here could differ from the size of the decoded image.
_NO_SEGMENT = frozenset((0x00, 0x01, 0xFF, *range(0xD0, 0xDA)))


def encode(image: Image, quality: int, *, full_colour: bool) -> NDArray[np.uint8]:
    """Encode an RGB image as a JPEG stream.

    ``full_colour`` disables chroma subsampling, which would blur the colours of distant objects.
    """
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if full_colour else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    stream = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), flags)[1]
    return np.asarray(stream, dtype=np.uint8).reshape(-1)


def decode(stream: NDArray[np.uint8]) -> Image:
    """Decode a JPEG stream to an RGB image, shape (H, W, 3), uint8.

    Raises:
        ValueError: if the stream is not a complete JPEG stream or has more than `MAX_PIXELS` pixels.
    """
    height, width = jpeg_size(stream)
    if height * width > MAX_PIXELS:
        raise ValueError(f"{width} × {height} pixels are more than {MAX_PIXELS}")
    image = cv2.imdecode(stream, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None or image.shape != (height, width, 3):
        raise ValueError("not a JPEG stream that can be decoded")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def jpeg_size(stream: NDArray[np.uint8]) -> tuple[int, int]:
    """Read height and width [px] from the header without decoding.

    Raises:
        ValueError: if the stream is not a complete JPEG stream.
    """
    data = stream.tobytes()
    if not data.startswith(_START):
        raise ValueError("not a JPEG stream")
    if not data.endswith(_END):
        raise ValueError("a JPEG stream that is cut off")
    offset = len(_START)
    while offset + 9 <= len(data) and data[offset] == 0xFF:
        marker, length = data[offset + 1], int.from_bytes(data[offset + 2 : offset + 4], "big")
        if marker in _FRAMES:
            return (
                int.from_bytes(data[offset + 5 : offset + 7], "big"),
                int.from_bytes(data[offset + 7 : offset + 9], "big"),
            )
        if marker == _SCAN or marker in _NO_SEGMENT or length < 2:
            break
        offset += 2 + length
    raise ValueError("a JPEG stream without a size")
