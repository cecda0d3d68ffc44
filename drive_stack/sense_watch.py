"""Notices a camera that shows nothing, or the same picture over and over."""

from __future__ import annotations

import numpy as np

from drive_stack.types import Image

DARKEST = 6  # a picture without a brighter value shows nothing
FROZEN = 2  # equal pictures after which a camera counts as frozen
MOVING = 1.0  # a standing car may see the same [m/s]


class SenseWatch:
    """Judges one picture after another."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the last picture."""
        self._last: Image | None = None
        self._equal = 0

    def fault(self, image: Image, speed: float) -> str | None:
        """What is wrong with the picture, in words; None where nothing is."""
        same = self._last is not None and np.array_equal(image[::4, ::4], self._last)
        self._equal = self._equal + 1 if same and speed > MOVING else 0
        self._last = image[::4, ::4].copy()
        if int(image[::4, ::4].max(initial=0)) <= DARKEST:
            return "the camera shows nothing"
        if self._equal >= FROZEN:
            return "the camera is frozen"
        return None
