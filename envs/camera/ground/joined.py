"""All visible pieces of the ground in as few scene nodes as possible.

The picture needs one node, or on hilly roads one for each piece with shade, as shade is drawn above a piece
and below the nearer ones. The label image is one more node, whose vertices have the colours of their class.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from panda3d.core import NodePath

from drive_stack.types import SemanticClass

from ..draw_order import set_flat, set_hilly, set_multiplying
from ..geometry_buffer import GeometryBuffer
from ..offscreen_renderer import LABELS, PICTURE

_FIRST_ORDER = 2  # draw order of the first node, above the backdrop


@dataclass(frozen=True, slots=True)
class Part:
    """One layer of a piece of ground; parts of a level road are drawn in ``order``."""

    order: int
    kind: SemanticClass | None  # None: not in the label image
    rows: NDArray[np.void]  # packed vertices
    triangles: NDArray[np.uint32]  # (T, 3)


@dataclass(frozen=True, slots=True)
class PieceGeometry:
    """A piece of ground at one level of detail: its layers from below, and what darkens them."""

    parts: tuple[Part, ...]
    shade: Part | None


class JoinedGround:
    """The nodes of the ground below ``parent``."""

    def __init__(self, parent: NodePath, *, hilly: bool) -> None:
        self._parent, self._hilly = parent, hilly
        self._labels = self._add("ground labels")
        self._labels.node.hide(PICTURE)
        self._order(self._labels, 0)
        self._picture: list[tuple[GeometryBuffer, GeometryBuffer]] = []  # ground and shade of each group

    def show(self, pieces: Sequence[PieceGeometry]) -> None:
        """Draw these pieces, which are ordered from the farthest to the nearest, and no others."""
        _write(self._labels, [_labelled(part) for part in self._in_order(pieces) if part.kind is not None])
        groups = _groups(pieces) if self._hilly else [tuple(pieces)]
        while len(self._picture) < len(groups):
            self._add_group()
        for index, (ground, shade) in enumerate(self._picture):
            shown = groups[index] if index < len(groups) else ()
            _write(ground, self._in_order(shown))
            _write(shade, [piece.shade for piece in shown if piece.shade is not None])

    def _in_order(self, pieces: Iterable[PieceGeometry]) -> list[Part]:
        """Return the parts of level ground layer by layer, those of hilly ground piece by piece."""
        parts = [part for piece in pieces for part in piece.parts]
        return parts if self._hilly else sorted(parts, key=lambda part: part.order)

    def _add_group(self) -> None:
        ground, shade = self._add("flat"), self._add("shade")
        for offset, buffer in enumerate((ground, shade)):
            buffer.node.hide(LABELS)
            self._order(buffer, 2 * len(self._picture) + offset)
        set_multiplying(shade.node)
        self._picture.append((ground, shade))

    def _add(self, name: str) -> GeometryBuffer:
        return GeometryBuffer(self._parent, name)

    def _order(self, buffer: GeometryBuffer, order: int) -> None:
        if self._hilly:
            set_hilly(buffer.node, _FIRST_ORDER + order)
        else:
            set_flat(buffer.node, _FIRST_ORDER + order)


def _groups(pieces: Sequence[PieceGeometry]) -> list[tuple[PieceGeometry, ...]]:
    """Split pieces so that each group has shade only in its last one."""
    groups: list[list[PieceGeometry]] = [[]]
    for piece in pieces:
        groups[-1].append(piece)
        if piece.shade is not None:
            groups.append([])
    return [tuple(group) for group in groups if group]


def _labelled(part: Part) -> Part:
    """Return a part in the colour of its class in the label image."""
    rows = part.rows.copy()
    rows["colour"] = (int(part.kind or 0), 0, 0, 255)
    return Part(part.order, part.kind, rows, part.triangles)


def _write(buffer: GeometryBuffer, parts: Sequence[Part]) -> None:
    """Write parts into a buffer, in order."""
    rows, triangles = buffer.reserve(
        sum(len(part.rows) for part in parts), sum(len(part.triangles) for part in parts)
    )
    vertex = triangle = 0
    for part in parts:
        rows[vertex : vertex + len(part.rows)] = part.rows
        np.add(part.triangles, np.uint32(vertex), out=triangles[triangle : triangle + len(part.triangles)])
        vertex, triangle = vertex + len(part.rows), triangle + len(part.triangles)
    buffer.show(vertex, triangle)
