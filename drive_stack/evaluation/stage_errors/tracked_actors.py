"""Which actors a tracker is asked to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.evaluation.stage_errors.true_objects import TrueObject
from drive_stack.types import FloatArray, LabelBox

HALF = 0.5  # share of an object from which it can be seen
MEMORY = 2.0  # how long what was seen and is hidden now must be remembered [s]
REACH = 100.0  # [m]


@dataclass(slots=True)
class Memory:
    """When each actor was last half visible, over one episode."""

    camera: CameraModel
    seen: dict[int, float] = field(default_factory=dict)  # actor → time [s]

    def counted(
        self, truth: Mapping[int, TrueObject], labels: tuple[LabelBox, ...], time: float
    ) -> frozenset[int]:
        """Actors within the view and 100 m that are half visible, or were within the last 2 s."""
        self.seen |= {label.actor_id: time for label in labels if label.visible >= HALF}
        return frozenset(
            actor
            for actor, true in truth.items()
            if time - self.seen.get(actor, -np.inf) <= MEMORY + 1e-9 and within_view(true.near, self.camera)
        )


def within_view(point: FloatArray, camera: CameraModel) -> bool:
    """Whether a point on the ground (2,) [m], or what stands on it, is in the image, and within 100 m."""
    ahead, left = float(point[0]) - camera.mount_x, float(point[1])
    sideways = abs(left) * camera.focal_px
    return ahead > 0.0 and sideways <= ahead * camera.width / 2.0 and float(np.hypot(ahead, left)) <= REACH
