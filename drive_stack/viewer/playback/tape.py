"""The frames of an episode that were already shown, to go back to them."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Frame = TypeVar("Frame")

CAPACITY = 300  # frames; older ones are forgotten, because each holds its image


class Tape(Generic[Frame]):
    """The last frames of an episode and the place on it that is shown, at first the newest."""

    def __init__(self, first: Frame, capacity: int = CAPACITY) -> None:
        self._frames: deque[Frame] = deque([first], maxlen=capacity)
        self._behind = 0

    @property
    def shown(self) -> Frame:
        """The frame at the present place."""
        return self._frames[-1 - self._behind]

    @property
    def behind(self) -> int:
        """Number of frames from the present place to the newest."""
        return self._behind

    def add(self, frame: Frame) -> None:
        """Add the newest frame and show it."""
        self._frames.append(frame)
        self._behind = 0

    def back(self, count: int = 1) -> None:
        """Go back by ``count`` frames, at most to the oldest."""
        self._behind = min(self._behind + count, len(self._frames) - 1)

    def forward(self) -> None:
        """Go forward by one frame; at the newest, stay there."""
        self._behind = max(self._behind - 1, 0)
