"""Detects a camera that shows nothing, repeats one image, or delivers old images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.types import Image, Observation

MIN_CONTRAST = 6  # an image whose pixel values differ by no more than this shows nothing
MAX_AGE = 0.5  # of an image that perception can still compensate by the motion of the ego [s]
NO_AGE = 0.05  # the same, of perception that takes each image for a present one [s]
MIN_SPEED = 1.0  # a slower car may see the same image again [m/s]
MAX_UNUSABLE = 2  # consecutive unusable images that are no fault: single images may be lost


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """Whether an image can be used, and whether the camera has a fault."""

    usable: bool
    fault: str | None = None  # description of the fault


class CameraMonitor:
    """Checks one image after another. A single unusable image is skipped; more in a row are a fault."""

    def __init__(self, max_age: float = MAX_AGE) -> None:
        """``max_age`` is that of usable images [s]."""
        self.max_age = max_age
        self.reset()

    def reset(self) -> None:
        """Discard the last image."""
        self._last: Image | None = None
        self._last_age = 0.0
        self._frozen = False
        self._unusable = 0  # consecutive images

    def check(self, observation: Observation) -> ImageCheck:
        """Check the image of the present step."""
        problem = self._problem(observation)
        self._unusable = self._unusable + 1 if problem is not None else 0
        return ImageCheck(problem is None, problem if self._unusable > MAX_UNUSABLE else None)

    def _problem(self, observation: Observation) -> str | None:
        sample = observation.image[::4, ::4]
        same = self._last is not None and np.array_equal(sample, self._last)
        repeated = same and observation.image_age > self._last_age  # by its stamp the image is the former one
        # a camera that froze while driving stays frozen after the car has stopped because of it
        self._frozen = same and (self._frozen or (observation.speed > MIN_SPEED and not repeated))
        self._last, self._last_age = sample.copy(), observation.image_age
        if observation.image_age > self.max_age:
            return f"the camera's image is {observation.image_age:.1f} s old"
        if int(sample.max(initial=0)) - int(sample.min(initial=255)) <= MIN_CONTRAST:
            return "the camera shows nothing"
        return "the camera is frozen" if self._frozen else None
