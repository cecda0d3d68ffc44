"""Notices a camera that shows nothing, the same picture over and over, or an old one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.types import Image, Observation

FLATTEST = 6  # a picture whose values all lie so close together shows nothing
LATEST = 0.05  # older pictures are of another place [s]
MOVING = 1.0  # a standing car may see the same [m/s]
TOLERATED = 2  # bad pictures in a row that are passed over in silence: single ones drop out


@dataclass(frozen=True, slots=True)
class Look:
    """Whether a picture can be used, and whether something is wrong with the camera."""

    usable: bool
    fault: str | None = None  # in words


class SenseWatch:
    """Judges one picture after another. A single bad one is left out; more in a row are a fault."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the last picture."""
        self._last: Image | None = None
        self._frozen = False
        self._bad = 0

    def look(self, seen: Observation) -> Look:
        """Judge the present picture."""
        problem = self._problem(seen)
        self._bad = self._bad + 1 if problem is not None else 0
        return Look(problem is None, problem if self._bad > TOLERATED else None)

    def _problem(self, seen: Observation) -> str | None:
        sample = seen.image[::4, ::4]
        same = self._last is not None and np.array_equal(sample, self._last)
        # a camera that froze on the way stays frozen when the car has stopped for it
        self._frozen = same and (self._frozen or seen.speed > MOVING)
        self._last = sample.copy()
        if seen.image_age > LATEST:
            return f"the camera's picture is {seen.image_age:.1f} s old"
        if int(sample.max(initial=0)) - int(sample.min(initial=255)) <= FLATTEST:
            return "the camera shows nothing"
        return "the camera is frozen" if self._frozen else None
