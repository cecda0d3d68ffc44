"""The video of a failure for the page: the file itself, and its image shortly before the failure."""

from __future__ import annotations

import base64
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import av
import cv2

from drive_stack.report.clips.clip_recorder import HOLD
from drive_stack.support.file_reading import read_regular
from drive_stack.support.jpeg import encode

POSTER_BEFORE = 0.5  # of the failure, so that one sees what is about to happen [s]
_POSTER_WIDTH = 480  # about the greatest width of a card [px]


@dataclass(frozen=True, slots=True)
class ClipVideo:
    """A video and its poster, both in base64."""

    mp4: str
    poster: str  # JPEG of the image `POSTER_BEFORE` the end, shown in print and before the video is played


def read_video(path: Path) -> ClipVideo | None:
    """Read a video; None where it is missing or cannot be decoded."""
    try:
        data = read_regular(path)
        with av.open(str(path)) as container:
            rate = float(container.streams.video[0].average_rate or 0)
            last = deque(container.decode(video=0), maxlen=1 + round((HOLD + POSTER_BEFORE) * rate))
            image = last[0].to_ndarray(format="rgb24")
    except (OSError, ValueError, IndexError):  # av's own errors are both; no frame or stream: the others
        return None
    height = round(image.shape[0] * _POSTER_WIDTH / image.shape[1])
    small = cv2.resize(image, (_POSTER_WIDTH, height), interpolation=cv2.INTER_AREA)
    return ClipVideo(_base64(data), _base64(encode(small, 70, full_colour=False).tobytes()))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
