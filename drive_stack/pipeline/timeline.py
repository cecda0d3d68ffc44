"""Assigns late images to the steps of their exposure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Motion:
    """Motion of the ego at one step."""

    speed: float  # [m/s]
    yaw_rate: float  # positive to the left [rad/s]


@dataclass(frozen=True, slots=True)
class DueSteps:
    """The steps that perception has to process now, oldest first, and those that it has no image of yet."""

    without_image: tuple[Motion, ...]
    exposure: Motion | None  # at the exposure of a new usable image
    since: tuple[Motion, ...]  # after the last processed step, up to the present one


class ExposureTimeline:
    """Keeps perception at the step of the newest exposure, while images arrive late or not at all.

    A filter that took a late image for a present one would place everything where it was. So the steps are
    processed only up to the exposure of the newest image, with the motion of the ego at those steps. A step
    whose image was lost is processed without one as soon as a newer image arrives, or when it is older than
    ``max_lag`` steps.
    """

    def __init__(self, dt: float, max_age: float) -> None:
        """``dt`` is the time between two steps, ``max_age`` that up to which images are waited for [s]."""
        self._dt, self._max_lag = dt, int(max_age / dt + 1e-6)
        self.reset()

    def reset(self) -> None:
        """Discard the state of the previous episode."""
        self._waiting: deque[Motion] = deque()  # steps that are not processed yet, oldest first
        self._started = False  # whether a step has been processed; the first one always is

    def advance(self, speed: float, yaw_rate: float, age: float, *, usable: bool) -> DueSteps:
        """Begin a step; returns what is due.

        Args:
            speed: of the ego at this step [m/s].
            yaw_rate: of the ego at this step [rad/s].
            age: time since the exposure of the image received at this step [s].
            usable: whether that image can be used.
        """
        self._waiting.append(Motion(speed, yaw_rate))
        age_in_steps = round(age / self._dt)
        lag = min(age_in_steps, self._max_lag) if self._started else 0
        self._started = True
        processed = [self._waiting.popleft() for _ in range(len(self._waiting) - lag)]
        exposure = processed.pop() if usable and processed and lag == age_in_steps else None
        return DueSteps(tuple(processed), exposure, tuple(self._waiting))
