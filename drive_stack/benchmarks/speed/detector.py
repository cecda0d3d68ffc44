"""Detection on a sequence of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.interfaces import Detector
from drive_stack.types import Image


@dataclass(frozen=True, slots=True)
class Detecting:
    """Runs a detector repeatedly on the same images."""

    detector: Detector
    images: Sequence[Image]

    def prepare(self) -> None:
        """Do nothing."""

    def work(self) -> int:
        """Detect in all images once; returns their number."""
        for image in self.images:
            self.detector.detect(image)
        return len(self.images)
