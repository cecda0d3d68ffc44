"""Shading of nodes by the atmosphere: hidden out of range, else lit and attenuated."""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np
from panda3d.core import NodePath

from drive_stack.types import FloatArray
from drive_stack.world_state import EgoState

from .atmosphere import Atmosphere


class StaticNodes:
    """Nodes with a fixed position. Visibility changes only for nodes that enter or leave the range."""

    def __init__(self) -> None:
        self._nodes: list[NodePath] = []
        self._x, self._y = np.empty(0), np.empty(0)
        self._reflecting = np.empty(0, dtype=np.bool_)
        self._shown: set[int] = set()

    def add(self, node: NodePath, position: FloatArray, *, reflecting: bool = False) -> None:
        """Add a node at ``position`` (2,) [m] that returns the headlamps' light if ``reflecting``."""
        self._shown.add(len(self._nodes))
        self._nodes.append(node)
        self._x, self._y = np.append(self._x, position[0]), np.append(self._y, position[1])
        self._reflecting = np.append(self._reflecting, reflecting)

    def shade(self, ego: EgoState, atmosphere: Atmosphere) -> None:
        """Show the nodes in range with their light and transmittance; hide the others."""
        rows, light, alpha = atmosphere.select_visible(self._x, self._y, self._reflecting, ego)
        self._shown = show_only(rows, self._nodes, self._shown)
        _tint(self._nodes, rows, light, alpha)


def show_only(rows: Sequence[int], nodes: Sequence[NodePath], shown: Set[int]) -> set[int]:
    """Show the nodes in ``rows`` and hide the others; ``shown`` are so far. Return the rows shown now."""
    visible = set(rows)
    for row in shown - visible:
        nodes[row].hide()
    for row in visible - shown:
        nodes[row].show()
    return visible


def shade(
    nodes: Sequence[NodePath],
    x: FloatArray,
    y: FloatArray,
    below: FloatArray,
    ego: EgoState,
    atmosphere: Atmosphere,
) -> list[int]:
    """Hide the nodes at ``x, y`` (N,) [m] that are out of range; set light and alpha of the others.

    ``below`` (N,) is the fraction of the light that bridges above the nodes let through, 0 … 1. Returns the
    rows of the nodes in range.
    """
    rows, open_light, alpha = atmosphere.select_visible(x, y, np.zeros(len(nodes), dtype=np.bool_), ego)
    light = [bright * float(below[row]) for row, bright in zip(rows, open_light, strict=True)]
    for row in set(range(len(nodes))).difference(rows):
        nodes[row].hide()
    for row in rows:
        nodes[row].show()
    _tint(nodes, rows, light, alpha)
    return rows


def _tint(
    nodes: Sequence[NodePath], rows: Sequence[int], light: Sequence[float], alpha: Sequence[float]
) -> None:
    for row, bright, through in zip(rows, light, alpha, strict=True):
        nodes[row].set_color_scale(bright, bright, bright, through)
