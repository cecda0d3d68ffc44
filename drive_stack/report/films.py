"""A failure's film for the page: the file itself, and its end as a picture."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import av
import cv2

from drive_stack.support.file_reading import read_regular
from drive_stack.support.jpeg import encode

_POSTER_WIDTH = 480  # [px], of a card at its widest, nearly


@dataclass(frozen=True, slots=True)
class Film:
    """Both in base64."""

    mp4: str
    poster: str  # JPEG of the end: what paper shows, and a browser before the film is played


def read_film(path: Path) -> Film | None:
    """None for a film that is missing or cannot be decoded."""
    try:
        data = read_regular(path)
        with av.open(str(path)) as container:
            *_, last = container.decode(video=0)
            picture = last.to_ndarray(format="rgb24")
    except (OSError, ValueError, IndexError):  # av's own errors are both; no frame or stream: the others
        return None
    height = round(picture.shape[0] * _POSTER_WIDTH / picture.shape[1])
    small = cv2.resize(picture, (_POSTER_WIDTH, height), interpolation=cv2.INTER_AREA)
    return Film(_text(data), _text(encode(small, 70, full_colour=False).tobytes()))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
