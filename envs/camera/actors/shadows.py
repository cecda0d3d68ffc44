"""Shadows of all actors in view as one node of darker ground."""

from __future__ import annotations

import math

import numpy as np
from panda3d.core import NodePath

from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray, SemanticClass

from ..draw_order import set_flat, set_on_hills
from ..geometry_buffer import GeometryBuffer
from ..tags import LabelTags

_LAYERS = ((1.12, 74), (0.98, 46))  # size relative to the body, grey value
SHADOW_REACH = max(size for size, _ in _LAYERS)  # of a shadow, relative to its body
_ORDER, _ON_HILLS_ORDER = 10, 10_000  # above the ground
_LIFT = 0.04  # above hilly ground, so that the ground does not hide it [m]
_CORNERS = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))  # of a unit square


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

    def show(
        self, pose: FloatArray, size: FloatArray, height: FloatArray, slope: FloatArray, light: FloatArray
    ) -> None:
        """Draw the shadows of bodies with ``pose`` (N, 3) x, y, yaw and ``size`` (N, 2) length, width.

        ``height`` [m] and ``slope`` (rise over run along the body) are those of the ground below, (N,), and
        ``light`` (N,) is the fraction of the light that reaches it below bridges, 0 … 1.
        """
        quads = len(pose) * len(_LAYERS)
        rows, triangles = self._buffer.reserve(4 * quads, 2 * quads)
        _write(pose, size, height, slope, light, self._lift, rows["vertex"], rows["colour"], triangles)
        self._buffer.show(4 * quads, 2 * quads)


@kernel()
def _write(  # type: ignore[no-untyped-def]
    pose, size, height, slope, light, lift, points, colours, triangles
):
    """Write the layers of each shadow as two triangles each."""
    vertex = triangle = 0
    for row in range(len(pose)):
        cos, sin, rise = math.cos(pose[row, 2]), math.sin(pose[row, 2]), math.atan(slope[row])
        for scale, tone in _LAYERS:
            for half in range(2):
                triangles[triangle, 0] = vertex
                triangles[triangle, 1] = vertex + 1 + half
                triangles[triangle, 2] = vertex + 2 + half
                triangle += 1
            for ahead, left in _CORNERS:
                along, across = ahead * scale * size[row, 0], left * scale * size[row, 1]
                level = along * math.cos(rise) - lift * math.sin(rise)
                points[vertex, 0] = pose[row, 0] + level * cos - across * sin
                points[vertex, 1] = pose[row, 1] + level * sin + across * cos
                points[vertex, 2] = height[row] + along * math.sin(rise) + lift * math.cos(rise)
                colours[vertex, 0] = colours[vertex, 1] = np.uint8(tone * light[row] + 0.5)
                colours[vertex, 2], colours[vertex, 3] = np.uint8((tone + 3) * light[row] + 0.5), 0
                vertex += 1
