"""A network that works on one image after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drive_stack.types import Image


@dataclass(frozen=True, slots=True)
class PerImage:
    """Runs a network repeatedly on the same images; ``run`` is a detector's ``detect``, for instance."""

    run: Callable[[Image], object]
    images: Sequence[Image]

    def prepare(self) -> None:
        """Do nothing."""

    def work(self) -> int:
        """Run the network on all images once; returns their number."""
        for image in self.images:
            self.run(image)
        return len(self.images)
