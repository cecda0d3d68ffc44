"""Scenery whose vertices each have the light and the transmittance of their own place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from panda3d.core import NodePath

from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import EgoState

from .atmosphere import Atmosphere
from .geometry_buffer import GeometryBuffer
from .ground import Layer
from .light_laws import UPRIGHT_GAIN, encode_alpha, upright_light
from .tags import LabelTags
from .triangles import packed_quads


class VertexShadedNodes:
    """Upright scenery with fixed positions, in one node for each class and kind of surface.

    A piece of scenery is tens of metres long, so one light and one transmittance for all of it would show as
    steps between pieces, and would light trees far from the road as if they stood in the headlamps' beam.
    """

    def __init__(self, parent: NodePath, tags: LabelTags) -> None:
        self._parent, self._tags = parent, tags
        self._groups: dict[tuple[SemanticClass | None, bool], _Group] = {}

    def add(
        self,
        layer: Layer,
        centre: FloatArray,
        *,
        two_sided: bool = False,
        distances: tuple[float, float] = (0.0, math.inf),
    ) -> None:
        """Add a piece; it is drawn while its ``centre`` (2,) [m] is in range.

        With ``distances`` it is drawn only while the ego is at least as far as the first of them from its
        centre, and not as far as the second [m].
        """
        key = layer.kind, two_sided
        if key not in self._groups:
            buffer = GeometryBuffer(self._parent, "scenery")
            buffer.node.set_two_sided(two_sided)
            self._tags.mark(buffer.node, layer.kind)
            self._groups[key] = _Group(buffer)
        rows, triangles = packed_quads(layer.corners, layer.colours)
        self._groups[key].pieces.append(_Piece(centre, distances, rows, triangles))

    def shade(self, ego: EgoState, atmosphere: Atmosphere) -> None:
        """Show the pieces in range, with the light and transmittance of each vertex; hide the others."""
        for group in self._groups.values():
            group.shade(ego, atmosphere)


class _Piece(NamedTuple):
    centre: FloatArray
    distances: tuple[float, float]  # of the ego, from which and up to which it is drawn [m]
    rows: NDArray[np.void]  # packed vertices, coloured in full light
    triangles: NDArray[np.uint32]  # (T, 3)


class _Joined(NamedTuple):
    """All pieces of a group, one after the other."""

    centres: FloatArray  # (P, 2)
    distances: FloatArray  # (P, 2), from which and up to which each piece is drawn [m]
    points: NDArray[np.float32]  # (V, 3)
    colours: NDArray[np.uint8]  # (V, 4)
    triangles: NDArray[np.uint32]  # (T, 3), of vertices of the whole group
    first_vertex: NDArray[np.int64]  # (P + 1,)
    first_triangle: NDArray[np.int64]  # (P + 1,)


@dataclass(slots=True)
class _Group:
    buffer: GeometryBuffer
    pieces: list[_Piece] = field(default_factory=list)
    _joined: _Joined | None = None

    def shade(self, ego: EgoState, atmosphere: Atmosphere) -> None:
        """Write the pieces in range into the buffer."""
        if self._joined is None or len(self._joined.centres) != len(self.pieces):
            self._joined = _join(self.pieces)
        joined = self._joined
        x, y = joined.centres.T
        in_range, _, _ = atmosphere.select_visible(x, y, np.zeros(len(x), dtype=np.bool_), ego)
        distance = np.hypot(x - ego.x, y - ego.y)
        shown = (distance >= joined.distances[:, 0]) & (distance < joined.distances[:, 1])
        runs = list(_runs(row for row in in_range if shown[row]))
        spans = [
            (
                joined.first_vertex[a],
                joined.first_vertex[b],
                joined.first_triangle[a],
                joined.first_triangle[b],
            )
            for a, b in runs
        ]
        rows, triangles = self.buffer.reserve(
            sum(end - start for start, end, _, _ in spans), sum(end - start for _, _, start, end in spans)
        )
        vertex = triangle = 0
        for start, end, first, last in spans:
            to = vertex + int(end - start)
            rows["vertex"][vertex:to] = joined.points[start:end]
            shade_vertices(
                joined.points[start:end], joined.colours[start:end], ego.x, ego.y,
                np.cos(ego.yaw), np.sin(ego.yaw), atmosphere.visibility, atmosphere.ambient,
                atmosphere.night, rows["colour"][vertex:to],
            )  # fmt: skip
            faces = triangles[triangle : triangle + last - first]
            np.subtract(joined.triangles[first:last], np.uint32(start), out=faces)
            faces += np.uint32(vertex)
            vertex, triangle = to, triangle + int(last - first)
        self.buffer.show(vertex, triangle)


def _join(unsorted: Sequence[_Piece]) -> _Joined:
    """Join pieces; those drawn at the same distances follow each other, so that few runs are in range."""
    pieces = sorted(unsorted, key=lambda piece: piece.distances)
    first_vertex = np.cumsum([0, *(len(piece.rows) for piece in pieces)])
    return _Joined(
        np.array([piece.centre for piece in pieces]),
        np.array([piece.distances for piece in pieces]),
        np.concatenate([piece.rows["vertex"] for piece in pieces]),
        np.concatenate([piece.rows["colour"] for piece in pieces]),
        np.concatenate(
            [
                piece.triangles + np.uint32(start)
                for piece, start in zip(pieces, first_vertex[:-1], strict=True)
            ]
        ),
        first_vertex,
        np.cumsum([0, *(len(piece.triangles) for piece in pieces)]),
    )


def _runs(rows: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each run of consecutive numbers in ascending ``rows``."""
    start = end = -1
    for row in rows:
        if row != end:
            if end > start:
                yield start, end
            start = row
        end = row + 1
    if end > start:
        yield start, end


@kernel()
def shade_vertices(  # type: ignore[no-untyped-def]
    points, colours, ego_x, ego_y, cos, sin, visibility, ambient, night, shaded
):
    """Fill ``shaded`` (V, 4) with the ``colours`` (V, 4) at ``points`` (V, 3) times the light, and alpha."""
    gain, half = UPRIGHT_GAIN if night else 0.0, np.float32(0.5)
    for row in range(len(points)):
        dx, dy = points[row, 0] - ego_x, points[row, 1] - ego_y
        ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
        light = np.float32(upright_light(ahead, left, ambient, gain))
        shaded[row, 0] = np.uint8(colours[row, 0] * light + half)
        shaded[row, 1] = np.uint8(colours[row, 1] * light + half)
        shaded[row, 2] = np.uint8(colours[row, 2] * light + half)
        distance = math.sqrt(ahead * ahead + left * left)
        alpha = encode_alpha(distance, visibility)  # type: ignore[arg-type]
        shaded[row, 3] = np.uint8(255.0 * alpha + 0.5)
