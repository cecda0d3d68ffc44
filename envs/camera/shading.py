"""How a node stands in the air: hidden out of reach, else lit and veiled; and how flat things are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from panda3d.core import NodePath

from drive_stack.types import FloatArray
from drive_stack.world_state import EgoState
from envs.camera.air import Air


class Standing:
    """Nodes that stay where they are; only those that come into reach or leave it are shown or hidden."""

    def __init__(self) -> None:
        self._nodes: list[NodePath] = []
        self._x, self._y = np.empty(0), np.empty(0)
        self._reflecting = np.empty(0, dtype=np.bool_)
        self._shown: set[int] = set()

    def add(self, node: NodePath, place: FloatArray, *, reflecting: bool = False) -> None:
        """Take in a node about ``place`` (2,), that throws the headlamps' light back if ``reflecting``."""
        self._shown.add(len(self._nodes))
        self._nodes.append(node)
        self._x, self._y = np.append(self._x, place[0]), np.append(self._y, place[1])
        self._reflecting = np.append(self._reflecting, reflecting)

    def shade(self, ego: EgoState, air: Air) -> None:
        """Show what is within reach, in the light and air about it."""
        rows, light, alpha = air.reached(self._x, self._y, self._reflecting, ego)
        within = set(rows)
        for row in self._shown - within:
            self._nodes[row].hide()
        for row in within - self._shown:
            self._nodes[row].show()
        self._shown = within
        _tint(self._nodes, rows, light, alpha)


def shade(nodes: Sequence[NodePath], x: FloatArray, y: FloatArray, ego: EgoState, air: Air) -> list[int]:
    """Hide those of the nodes about ``x, y`` (N,) that are out of reach, give the others light and alpha.

    Returns which those others are.
    """
    rows, light, alpha = air.reached(x, y, np.zeros(len(nodes), dtype=np.bool_), ego)
    for row in set(range(len(nodes))).difference(rows):
        nodes[row].hide()
    for row in rows:
        nodes[row].show()
    _tint(nodes, rows, light, alpha)
    return rows


def lay_flat(node: NodePath, sort: int) -> None:
    """Draw a node that lies on the ground before all that stands, in the order of ``sort``."""
    node.set_bin("background", sort)
    node.set_depth_test(False)
    node.set_depth_write(False)


def _tint(
    nodes: Sequence[NodePath], rows: Sequence[int], light: Sequence[float], alpha: Sequence[float]
) -> None:
    for row, bright, through in zip(rows, light, alpha, strict=True):
        nodes[row].set_color_scale(bright, bright, bright, through)
