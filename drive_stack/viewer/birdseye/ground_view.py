"""Conversion between the ground and the bird's-eye canvas; the ego's heading points up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pygame import Rect

from drive_stack.geometry import to_local
from drive_stack.types import FloatArray
from drive_stack.world_state import EgoState

BEHIND, AHEAD = 30.0, 120.0  # of the ego's rear axle, the extent that is shown [m]


@dataclass(frozen=True, slots=True)
class GroundView:
    """Ego frame → canvas: x forward is up, y left is left."""

    x0: float  # position of the ego's rear axle on the canvas [px]
    y0: float
    scale: float  # [px/m]
    ego: EgoState

    @classmethod
    def fit(cls, rect: Rect, ego: EgoState) -> GroundView:
        """Fit `BEHIND` to `AHEAD` into the height of a canvas with the size of ``rect``."""
        scale = rect.height / (BEHIND + AHEAD)
        return cls(x0=rect.width / 2.0, y0=rect.height - BEHIND * scale, scale=scale, ego=ego)

    def from_ego(self, points: FloatArray) -> FloatArray:
        """Ego-frame points ``(..., 2)`` [m] on the canvas [px]."""
        x = self.x0 - self.scale * points[..., 1]
        y = self.y0 - self.scale * points[..., 0]
        return np.stack([x, y], axis=-1)

    def from_world(self, points: FloatArray) -> FloatArray:
        """World points ``(..., 2)`` [m] on the canvas [px]."""
        return self.from_ego(self.to_ego(points))

    def to_ego(self, points: FloatArray) -> FloatArray:
        """World points ``(..., 2)`` in the ego frame [m]."""
        return to_local(points, np.array([self.ego.x, self.ego.y]), self.ego.yaw)

    def shows(self, point: FloatArray, margin: float = 12.0) -> bool:
        """Whether an ego-frame point ``(2,)`` is inside the view, or within ``margin`` m of it."""
        x, y = point
        return bool(-BEHIND - margin < x < AHEAD + margin and abs(y) < self.x0 / self.scale + margin)
