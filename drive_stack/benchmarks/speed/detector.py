"""Pictures through a detector, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.interfaces import Detector
from drive_stack.types import Image


@dataclass(frozen=True, slots=True)
class Detecting:
    """A detector at work on the same pictures again and again."""

    detector: Detector
    pictures: Sequence[Image]

    def prepare(self) -> None:
        """Nothing to make ready."""

    def work(self) -> int:
        """All pictures once."""
        for picture in self.pictures:
            self.detector.detect(picture)
        return len(self.pictures)
