"""How a node stands in the air: hidden out of reach, else lit and veiled; and how flat things are drawn."""

from __future__ import annotations

import numpy as np
from panda3d.core import NodePath

from drive_stack.world_state import EgoState
from envs.camera.air import Air, alpha_of

_REACH = 500.0  # what is farther off is not drawn, nor what fog hides [m]
_LIT_FROM = 20.0  # what reaches nearer is lit as it is there: one light for a whole node [m]
_BEHIND = 30.0  # long bodies reach into view from here [m]


def shade(node: NodePath, x: float, y: float, ego: EgoState, air: Air, *, reflecting: bool = False) -> None:
    """Hide a node about ``x, y`` that cannot be seen, else give it its light and its alpha.

    What is ``reflecting`` throws the headlamps' light back to the driver.
    """
    dx, dy = x - ego.x, y - ego.y
    ahead, left = dx * np.cos(ego.yaw) + dy * np.sin(ego.yaw), dy * np.cos(ego.yaw) - dx * np.sin(ego.yaw)
    if not -_BEHIND < ahead < min(_REACH, air.visibility):
        node.hide()
        return
    node.show()
    lit = np.asarray(max(ahead, _LIT_FROM)), np.asarray(left)
    light = float(air.light_on(*lit, reflecting=reflecting))
    node.set_color_scale(light, light, light, alpha_of(float(np.hypot(ahead, left)), air.visibility))


def lay_flat(node: NodePath, sort: int) -> None:
    """Draw a node that lies on the ground before all that stands, in the order of ``sort``."""
    node.set_bin("background", sort)
    node.set_depth_test(False)
    node.set_depth_write(False)
