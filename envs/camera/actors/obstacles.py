"""Obstacles: what closes a lane, cargo that lies in it, and solids of random form."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from panda3d.core import NodePath

from drive_stack.world_state import ObstacleKind

from .cargo import crate, ladder, mattress, tyre
from .mesh import geom_node, join
from .shapes import box, ellipses, tube
from .solids import build_solid

_CARGO = MappingProxyType(
    {
        ObstacleKind.BOX: crate,
        ObstacleKind.TYRE: tyre,
        ObstacleKind.LADDER: ladder,
        ObstacleKind.MATTRESS: mattress,
    }
)


def build_obstacle(kind: ObstacleKind, length: float, width: float, height: float, form: int = 0) -> NodePath:
    """Build an obstacle of ``length × width × height`` [m]; ``form`` is the seed of a solid's form."""
    if kind is ObstacleKind.SOLID:
        return NodePath(geom_node("solid", build_solid(form, length, width, height)))
    if kind in _CARGO:
        return NodePath(geom_node(kind.name.lower(), _CARGO[kind](length, width, height)))
    orange, white = (232.0, 96.0, 30.0), (236.0, 236.0, 232.0)
    levels = np.linspace(0.0, height, 6)
    if kind is ObstacleKind.CONE:
        radius = np.interp(levels, (0.0, height), (0.38, 0.06))
        bands = [
            tube(ellipses(8, levels[k : k + 2], radius[k : k + 2] * length, radius[k : k + 2] * width),
                 orange if k % 2 == 0 else white)
            for k in range(5)
        ]  # fmt: skip
        base = box((-length / 2, -width / 2, 0.0), (length / 2, width / 2, 0.06 * height), orange)
        return NodePath(geom_node("cone", join((base, *bands))))
    edges = np.linspace(-width / 2.0, width / 2.0, 7)
    stripes = [
        box(
            (-length / 2, edges[k], 0.15 * height),
            (length / 2, edges[k + 1], height),
            (190.0, 30.0, 30.0) if k % 2 else white,
        )
        for k in range(6)
    ]
    return NodePath(
        geom_node(
            "board", join((*stripes, box((-0.05, -width / 3, 0.0), (0.05, width / 3, 0.2 * height), white)))
        )
    )
