"""How a node stands in the air: hidden out of reach, else lit and veiled; and how flat things are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from panda3d.core import NodePath

from drive_stack.types import FloatArray
from drive_stack.world_state import EgoState
from envs.camera.air import Air, alpha_of

_REACH = 500.0  # what is farther off is not drawn, nor what fog hides [m]
_LIT_FROM = 20.0  # what reaches nearer is lit as it is there: one light for a whole node [m]
_BEHIND = 30.0  # long bodies reach into view from here [m]


def shade(
    nodes: Sequence[NodePath],
    x: FloatArray,
    y: FloatArray,
    ego: EgoState,
    air: Air,
    *,
    reflecting: bool = False,
) -> list[int]:
    """Hide those of the nodes about ``x, y`` (N,) that are out of reach, give the others light and alpha.

    Returns which those others are. What is ``reflecting`` throws the headlamps' light back to the driver.
    """
    dx, dy = x - ego.x, y - ego.y
    cos, sin = np.cos(ego.yaw), np.sin(ego.yaw)
    ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
    seen = (ahead > -_BEHIND) & (ahead < min(_REACH, air.visibility))
    light = air.light_on(np.maximum(ahead, _LIT_FROM), left, reflecting=reflecting)
    alpha = alpha_of(np.hypot(ahead, left), air.visibility)
    for row in np.flatnonzero(~seen).tolist():
        nodes[row].hide()
    shown: list[int] = np.flatnonzero(seen).tolist()
    for row, bright, through in zip(shown, light[seen].tolist(), alpha[seen].tolist(), strict=True):
        nodes[row].show()
        nodes[row].set_color_scale(bright, bright, bright, through)
    return shown


def lay_flat(node: NodePath, sort: int) -> None:
    """Draw a node that lies on the ground before all that stands, in the order of ``sort``."""
    node.set_bin("background", sort)
    node.set_depth_test(False)
    node.set_depth_write(False)
