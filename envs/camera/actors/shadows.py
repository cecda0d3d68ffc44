"""Shadows of all actors in view as one node of darker ground."""

from __future__ import annotations

import numpy as np
from panda3d.core import NodePath

from drive_stack.types import FloatArray, SemanticClass

from ..draw_order import set_flat, set_on_hills
from ..geometry_buffer import GeometryBuffer
from ..tags import LabelTags

_LAYERS = ((1.12, 74), (0.98, 46))  # size relative to the body, grey value
SHADOW_REACH = max(size for size, _ in _LAYERS)  # of a shadow, relative to its body
_ORDER, _ON_HILLS_ORDER = 10, 10_000  # above the ground
_LIFT = 0.04  # above hilly ground, so that the ground does not hide it [m]
_CORNERS = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])  # of a unit square
_HALVES = np.array([[0, 1, 2], [0, 2, 3]])  # corners of its two triangles


class ShadowNodes:
    """Draws shadows below ``parent``."""

    def __init__(self, parent: NodePath, tags: LabelTags, *, hilly: bool) -> None:
        self._buffer = GeometryBuffer(parent, "shadows")
        self._lift = _LIFT if hilly else 0.0
        if hilly:
            set_on_hills(self._buffer.node, _ON_HILLS_ORDER)
        else:
            set_flat(self._buffer.node, _ORDER)
        tags.mark(self._buffer.node, SemanticClass.ROAD)

    def show(self, pose: FloatArray, size: FloatArray, height: FloatArray, slope: FloatArray) -> None:
        """Draw the shadows of bodies with ``pose`` (N, 3) x, y, yaw and ``size`` (N, 2) length, width.

        ``height`` [m] and ``slope`` (rise over run along the body) are those of the ground below, (N,).
        """
        quads = len(pose) * len(_LAYERS)
        rows, triangles = self._buffer.reserve(4 * quads, 2 * quads)
        scales, tones = np.array(_LAYERS).T
        local = _CORNERS * size[:, None, None] * scales[:, None, None]  # (N, layer, corner, 2)
        ahead, left = local[..., 0], local[..., 1]
        cos, sin = (part[:, None, None] for part in (np.cos(pose[:, 2]), np.sin(pose[:, 2])))
        rise = np.arctan(slope)[:, None, None]
        along = ahead * np.cos(rise) - self._lift * np.sin(rise)
        points = np.stack(
            [
                pose[:, 0, None, None] + along * cos - left * sin,
                pose[:, 1, None, None] + along * sin + left * cos,
                height[:, None, None] + ahead * np.sin(rise) + self._lift * np.cos(rise),
            ],
            axis=-1,
        )
        rows["vertex"][: 4 * quads] = points.reshape(-1, 3)
        tone = np.repeat(tones, 4)
        rows["colour"][: 4 * quads] = np.tile(
            np.stack([tone, tone, tone + 3.0, np.zeros(len(tone))], axis=1), (len(pose), 1)
        )
        first = 4 * np.arange(quads, dtype=np.uint32)
        triangles[: 2 * quads] = (first[:, None, None] + _HALVES).reshape(-1, 3)
        self._buffer.show(4 * quads, 2 * quads)
