"""Which actors a tracker is required to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from drive_stack.camera_model import CameraModel
from drive_stack.evaluation.stage_errors.true_objects import TrueObject
from drive_stack.types import FloatArray, LabelBox

MIN_VISIBLE = 0.5  # fraction of an object from which it can be detected
MEMORY_TIME = 2.0  # a tracker must remember a hidden actor this long [s]
MAX_RANGE = 100.0  # [m]


@dataclass(slots=True)
class VisibilityHistory:
    """When each actor was last half visible, over one episode."""

    camera: CameraModel
    last_visible: dict[int, float] = field(default_factory=dict)  # actor → time [s]

    def update(
        self, truth: Mapping[int, TrueObject], labels: tuple[LabelBox, ...], time: float
    ) -> frozenset[int]:
        """Add a frame; return the actors that count in it.

        These are in the field of view, within 100 m, and at least half visible now or in the last 2 s.
        """
        self.last_visible |= {label.actor_id: time for label in labels if label.visible >= MIN_VISIBLE}
        return frozenset(
            actor
            for actor, true in truth.items()
            if time - self.last_visible.get(actor, -np.inf) <= MEMORY_TIME + 1e-9
            and within_view(true.near_point, self.camera)
        )


def within_view(point: FloatArray, camera: CameraModel) -> bool:
    """Whether a point on the ground (2,) in the ego frame [m] is in the field of view and within 100 m."""
    ahead, left = float(point[0]) - camera.mount_x, float(point[1])
    lateral_px = abs(left) * camera.focal_px
    in_image = ahead > 0.0 and lateral_px <= ahead * camera.width / 2.0
    return in_image and float(np.hypot(ahead, left)) <= MAX_RANGE
