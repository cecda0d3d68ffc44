"""People: a walking figure on swinging limbs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import NodePath

from envs.camera.actors.mesh import Mesh, geom_node, join
from envs.camera.actors.shapes import box, ellipses, tube


def _limb(z: tuple[float, float], radii: tuple[float, float], y: float, colour: NDArray[np.uint8]) -> Mesh:
    return tube(ellipses(6, z, radii, radii), colour).moved((0.0, y, 0.0))


class PersonModel:
    """A walking figure: ``node`` has its origin at the feet, x forward [m]."""

    def __init__(self, height: float, child: bool, clothes: NDArray[np.uint8]) -> None:
        top, trousers, hair, skin = clothes
        h = height
        head = (0.085 if child else 0.068) * h
        hip, neck = 0.48 * h, h - 2.1 * head
        levels = (hip, 0.6 * h, neck - 0.05 * h, neck)
        depths, widths = (0.07 * h, 0.06 * h, 0.07 * h, 0.03 * h), (0.095 * h, 0.085 * h, 0.115 * h, 0.04 * h)
        body = tube(ellipses(8, levels, depths, widths), top)
        level = np.array([0.0, 0.6, 1.4, 2.0])
        girth = np.array([0.45, 0.85, 0.8, 0.3]) * head
        face = tube(ellipses(8, h - 2.0 * head + level[:3] * head, girth[:3], girth[:3] * 0.85), skin)
        cap = tube(
            ellipses(8, h - 2.0 * head + level[1:] * head, girth[1:] * 1.06, girth[1:] * 0.9, -0.01), hair
        )
        self.node = NodePath("person")
        self.node.attach_new_node(geom_node("body", join((body, face, cap))))
        self._limbs: list[tuple[NodePath, float]] = []
        for side in (1.0, -1.0):
            leg = join((_limb((0.02 - hip, 0.0), (0.032 * h, 0.055 * h), 0.0, trousers),
                        box((-0.05, -0.04, -hip), (0.13, 0.04, 0.05 - hip), (40.0, 36.0, 34.0))))  # fmt: skip
            arm = join((_limb((-0.36 * h, -0.30 * h), (0.02 * h, 0.024 * h), 0.0, skin),
                        _limb((-0.30 * h, 0.0), (0.024 * h, 0.035 * h), 0.0, top)))  # fmt: skip
            for mesh, z, y, swing in ((leg, hip, 0.05 * h, side), (arm, neck - 0.02 * h, 0.125 * h, -side)):
                limb = self.node.attach_new_node(geom_node("limb", mesh))
                limb.set_pos(0.0, side * y, z)
                self._limbs.append((limb, swing))

    def set_gait(self, phase: float, speed: float) -> None:
        """Swing arms and legs at ``phase`` [rad]; they hang when ``speed`` [m/s] is 0."""
        reach = float(np.degrees(np.arctan(0.45 * min(speed, 3.0) / 1.6)))
        for limb, swing in self._limbs:
            limb.set_r(swing * reach * float(np.sin(phase)))


def build_person(height: float, child: bool, clothes: NDArray[np.uint8]) -> PersonModel:
    """A person of a height [m] in ``clothes`` (4, 3) RGB: top, trousers, hair, skin."""
    return PersonModel(height, child, clothes)
