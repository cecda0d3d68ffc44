"""The way of a frame from the camera to the driver: frames may arrive late, and some are lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drive_stack.types import Image

from ..scenarios.camera import CameraLatency

_ROUNDING = 1e-6  # of sums of time steps [s]


@dataclass(frozen=True, slots=True)
class Frame:
    """An image as a driver receives it."""

    image: Image  # (H, W, 3)
    age: float  # time since the exposure, as stamped by the camera [s]


class FrameQueue:
    """Delays and loses the frames of one episode.

    The driver receives the newest frame that was not lost and is at least ``delay`` old. Until there is one,
    it receives the first frame of the episode, which is never lost. The queue holds the frames that are on
    their way: at most ``delay`` divided by the time between two frames.
    """

    def __init__(self, latency: CameraLatency) -> None:
        self.latency = latency
        self._rng = np.random.default_rng(latency.seed)
        self._on_the_way: deque[tuple[float, Image]] = deque()  # time of exposure [s] and image, oldest first
        self._received: tuple[float, Image] | None = None

    def receive(self, time: float, expose: Callable[[], Image]) -> Frame:
        """Expose a frame, unless it is lost, and return the one that the driver receives.

        Args:
            time: The present time; it increases from call to call [s].
            expose: Renders the present image.
        """
        if self._received is None:
            self._received = time, expose()
        elif not self._is_lost():
            self._on_the_way.append((time, expose()))
        while self._on_the_way and time - self._on_the_way[0][0] >= self.latency.delay - _ROUNDING:
            self._received = self._on_the_way.popleft()
        exposed, image = self._received
        return Frame(image, time - exposed)

    def _is_lost(self) -> bool:
        fraction = self.latency.dropped_fraction
        return fraction > 0.0 and float(self._rng.random()) < fraction
