"""Boxes and other solids next to the road, as coloured quads whose faces the sun lights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray, SemanticClass

from ..ground import Layer

UNDERSIDE = 0.35  # brightness of faces that point down, relative to those in the sun
_SHADED, _SUNNY = 0.72, 0.28  # brightness of walls: everywhere, and by the cosine of the angle to the sun
_AWAY = 0.75  # of a unit normal along the road: such faces are seen from behind only
_BURIED = 0.2  # depth below which nothing is seen [m]
_FACES = (  # corners of a box by number (x + 2 y + 4 z), counter-clockwise from outside
    (0, 4, 6, 2), (1, 3, 7, 5), (0, 1, 5, 4), (2, 6, 7, 3), (4, 5, 7, 6), (0, 2, 3, 1),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame next to the road: x along the road and its own yaw, y to the left, z up [m]."""

    origin: FloatArray  # (3,) in the world [m]
    yaw: float  # in the world [rad]

    @classmethod
    def at(cls, road: RoadMap, station: float, lateral: float, yaw: float = 0.0) -> Frame:
        """Return the frame at a place of the road [m], turned by ``yaw`` from the road's direction [rad]."""
        _, along = road.to_world(np.asarray(station), np.asarray(lateral))
        return cls(road.to_space(np.asarray(station), np.asarray(lateral), 0.0), float(along) + yaw)

    def to_world(self, points: FloatArray) -> FloatArray:
        """Return points (..., 3) of this frame in the world [m]."""
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        x, y, z = np.moveaxis(points, -1, 0)
        turned = np.stack([x * cos - y * sin, x * sin + y * cos, z], axis=-1)
        return np.asarray(self.origin + turned, dtype=np.float64)


@dataclass(slots=True)
class Solids:
    """Collects the quads of upright things that a camera on the road can see as it approaches.

    ``sun`` is the direction to the sun and ``heading`` that of the road, both in the world [rad].
    """

    sun: float
    heading: float
    corners: list[FloatArray] = field(default_factory=list)
    colours: list[FloatArray] = field(default_factory=list)

    def add(self, frame: Frame, quads: FloatArray, colour: Sequence[float] | FloatArray) -> None:
        """Add flat quads (Q, 4, 3) of a frame, counter-clockwise from outside, in one paint (RGB 0 … 255)."""
        corners = frame.to_world(np.asarray(quads, dtype=np.float64))
        normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        normal = normal / np.maximum(length, 1e-9)
        seen = normal[:, 0] * np.cos(self.heading) + normal[:, 1] * np.sin(self.heading) < _AWAY
        seen &= corners[:, :, 2].max(axis=1) > frame.origin[2] - _BURIED
        corners, normal = corners[seen], normal[seen]
        facing = normal[:, 0] * np.cos(self.sun) + normal[:, 1] * np.sin(self.sun)
        tone = np.where(np.abs(normal[:, 2]) > 0.3, 1.0, _SHADED + _SUNNY * np.maximum(facing, 0.0))
        tone = np.where(normal[:, 2] < -0.3, UNDERSIDE, tone)
        rgb = tone[:, None, None] * np.asarray(colour, dtype=np.float64)
        self.corners.append(corners)
        self.colours.append(np.broadcast_to(rgb, corners.shape))

    def box(
        self, frame: Frame, low: Sequence[float], high: Sequence[float], colour: Sequence[float] | FloatArray
    ) -> None:
        """Add a box between its minimum and maximum corner [m]."""
        ends = np.stack([low, high])
        points = np.array([[ends[k & 1, 0], ends[k >> 1 & 1, 1], ends[k >> 2, 2]] for k in range(8)])
        self.add(frame, points[np.array(_FACES)], colour)

    def layer(self) -> Layer | None:
        """Return everything as one layer, or None if there is nothing."""
        if not self.corners:
            return None
        rgb = np.concatenate(self.colours)
        rgba = np.concatenate([rgb, np.full((*rgb.shape[:2], 1), 255.0)], axis=2)
        return Layer(SemanticClass.STRUCTURE, np.concatenate(self.corners), rgba)
