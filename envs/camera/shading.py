"""How a node stands in the air: hidden out of reach, else lit and veiled; and how flat things are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from panda3d.core import NodePath

from drive_stack.types import FloatArray
from drive_stack.world_state import EgoState
from envs.camera.air import Air, alpha_of

_REACH = 500.0  # what is farther off is not drawn, nor what fog hides [m]
_LIT_FROM = 20.0  # what reaches nearer is lit as it is there: one light for a whole node [m]
_BEHIND = 30.0  # long bodies reach into view from here [m]


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
        rows = _within_reach(self._x, self._y, ego, air)
        within = set(rows.tolist())
        for row in self._shown - within:
            self._nodes[row].hide()
        for row in within - self._shown:
            self._nodes[row].show()
        self._shown = within
        _tint(self._nodes, self._x, self._y, rows, ego, air, self._reflecting[rows])


def shade(nodes: Sequence[NodePath], x: FloatArray, y: FloatArray, ego: EgoState, air: Air) -> list[int]:
    """Hide those of the nodes about ``x, y`` (N,) that are out of reach, give the others light and alpha.

    Returns which those others are.
    """
    rows = _within_reach(x, y, ego, air)
    shown: list[int] = rows.tolist()
    for row in set(range(len(nodes))).difference(shown):
        nodes[row].hide()
    for row in shown:
        nodes[row].show()
    _tint(nodes, x, y, rows, ego, air, np.zeros(len(rows), dtype=np.bool_))
    return shown


def lay_flat(node: NodePath, sort: int) -> None:
    """Draw a node that lies on the ground before all that stands, in the order of ``sort``."""
    node.set_bin("background", sort)
    node.set_depth_test(False)
    node.set_depth_write(False)


def _within_reach(x: FloatArray, y: FloatArray, ego: EgoState, air: Air) -> NDArray[np.intp]:
    """Which of the places ``x, y`` (N,) may be in view."""
    ahead = (x - ego.x) * np.cos(ego.yaw) + (y - ego.y) * np.sin(ego.yaw)
    return np.flatnonzero((ahead > -_BEHIND) & (ahead < min(_REACH, air.visibility)))


def _tint(
    nodes: Sequence[NodePath],
    x: FloatArray,
    y: FloatArray,
    rows: NDArray[np.intp],
    ego: EgoState,
    air: Air,
    reflecting: NDArray[np.bool_],
) -> None:
    """Light and alpha for the nodes of ``rows`` (M,) by their places, ``reflecting`` (M,) or not."""
    dx, dy = x[rows] - ego.x, y[rows] - ego.y
    cos, sin = np.cos(ego.yaw), np.sin(ego.yaw)
    ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
    light = air.light_on(np.maximum(ahead, _LIT_FROM), left, reflecting)
    alpha = alpha_of(np.hypot(ahead, left), air.visibility)
    for row, bright, through in zip(rows.tolist(), light.tolist(), alpha.tolist(), strict=True):
        nodes[row].set_color_scale(bright, bright, bright, through)
