"""Scenery whose vertices each have the light and the transmittance of their own place."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from panda3d.core import NodePath

from drive_stack.types import FloatArray
from drive_stack.world_state import EgoState

from .atmosphere import Atmosphere
from .ground import Layer
from .light_laws import UPRIGHT_GAIN, encode_alpha, upright_light
from .shading import show_only
from .triangles import packed_quads, quad_node_of


@dataclass(frozen=True, slots=True)
class _Piece:
    rows: NDArray[np.void]  # the packed vertices, whose colours change
    colours: NDArray[np.uint8]  # (V, 4) in full light


class VertexShadedNodes:
    """Upright scenery with fixed positions, one node a piece of road.

    A piece is tens of metres long, so one light and one transmittance for all of it would show as steps
    between pieces, and would light trees far from the road as if they stood in the headlamps' beam.
    """

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._nodes: list[NodePath] = []
        self._x, self._y = np.empty(0), np.empty(0)
        self._shown: set[int] = set()

    def add(self, parent: NodePath, layer: Layer, centre: FloatArray) -> NodePath:
        """Add a layer below ``parent``; it is drawn while its ``centre`` (2,) [m] is in range."""
        rows, index = packed_quads(layer.corners, layer.colours)
        made = quad_node_of("scenery", rows, index)
        # positions stay, so fix the bounds: Panda would compute them again for each change of a colour
        made.set_bounds(made.get_bounds())
        made.modify_geom(0).set_bounds(made.get_geom(0).get_bounds())
        node = parent.attach_new_node(made)
        self._shown.add(len(self._pieces))
        self._nodes.append(node)
        self._pieces.append(_Piece(rows, rows["colour"].copy()))
        self._x, self._y = np.append(self._x, centre[0]), np.append(self._y, centre[1])
        return node

    def shade(self, ego: EgoState, atmosphere: Atmosphere) -> None:
        """Show the pieces in range, with the light and transmittance of each vertex; hide the others."""
        everywhere = np.zeros(len(self._pieces), dtype=np.bool_)
        rows, _, _ = atmosphere.select_visible(self._x, self._y, everywhere, ego)
        self._shown = show_only(rows, self._nodes, self._shown)
        for row in rows:
            _update(self._nodes[row], self._pieces[row], ego, atmosphere)


def _update(node: NodePath, piece: _Piece, ego: EgoState, atmosphere: Atmosphere) -> None:
    shade_vertices(
        piece.rows["vertex"], piece.colours, ego.x, ego.y, np.cos(ego.yaw), np.sin(ego.yaw),
        atmosphere.visibility, atmosphere.ambient, atmosphere.night, piece.rows["colour"],
    )  # fmt: skip
    array = node.node().modify_geom(0).modify_vertex_data().modify_array(0)
    memoryview(array).cast("B")[:] = piece.rows.tobytes()


@numba.njit(cache=True)
def shade_vertices(  # type: ignore[no-untyped-def]
    points, colours, ego_x, ego_y, cos, sin, visibility, ambient, night, shaded
):
    """Fill ``shaded`` (V, 4) with the ``colours`` (V, 4) at ``points`` (V, 3) times the light, and alpha."""
    for row in range(len(points)):
        dx, dy = points[row, 0] - ego_x, points[row, 1] - ego_y
        ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
        light = upright_light(ahead, left, ambient, UPRIGHT_GAIN if night else 0.0)
        for channel in range(3):
            shaded[row, channel] = np.uint8(colours[row, channel] * light + 0.5)
        shaded[row, 3] = np.uint8(255.0 * encode_alpha(np.hypot(ahead, left), visibility) + 0.5)
