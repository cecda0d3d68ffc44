"""Vehicles as scene nodes: a body of one Geom, turning axles, lamps that switch."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from panda3d.core import NodePath

from envs.bodies import BODIES
from envs.camera.actors import car_shapes, heavy, parts
from envs.camera.actors.cars import CarLoft
from envs.camera.actors.mesh import Mesh, geom_node, join
from envs.camera.actors.parts import Build, Lamp, LampKind, VehicleParts


def _car(shape: car_shapes.CarShape) -> Callable[[Build], VehicleParts]:
    return lambda build: CarLoft(shape, build).parts()


BUILDERS = MappingProxyType(
    {
        "hatchback": _car(car_shapes.HATCHBACK),
        "sedan": _car(car_shapes.SEDAN),
        "suv": _car(car_shapes.SUV),
        "estate": _car(car_shapes.ESTATE),
        "van": _car(car_shapes.VAN),
        "pickup": _car(car_shapes.PICKUP),
        "roadster": _car(car_shapes.ROADSTER),
        "box_truck": heavy.box_truck,
        "semi_trailer": heavy.semi_trailer,
        "bus": heavy.bus,
        "tanker": heavy.tanker,
    }
)

_DARK = MappingProxyType(
    {
        LampKind.HEAD: (0.78, 0.80, 0.84),
        LampKind.TAIL: (0.46, 0.035, 0.04),
        LampKind.LEFT: (0.62, 0.30, 0.06),
        LampKind.RIGHT: (0.62, 0.30, 0.06),
    }
)
_TAIL_RUNNING = (0.72, 0.05, 0.05)
_LIT = MappingProxyType(
    {
        LampKind.HEAD: (1.0, 0.98, 0.90),
        LampKind.TAIL: (1.0, 0.16, 0.10),
        LampKind.LEFT: (1.0, 0.66, 0.10),
        LampKind.RIGHT: (1.0, 0.66, 0.10),
    }
)


@lru_cache(maxsize=64)
def vehicle_parts(
    body_index: int,
    colour: tuple[int, int, int],
    length: float,
    width: float,
    height: float,
    *,
    fine: bool = True,
) -> VehicleParts:
    """The meshes of a vehicle that fill ``length × width × height`` [m], mirrors aside."""
    red, green, blue = (float(c) for c in colour)
    build = Build(length, width, height, (red, green, blue), fine)
    return parts.fit(BUILDERS[BODIES[body_index].name](build), length, width, height)


class VehicleModel:
    """One vehicle to hang into a scene.

    ``node``: origin on the ground at the body's centre, x forward, y left, z up [m].
    ``lamps``: where its lamps shine from, in the same frame.
    """

    def __init__(self, near: VehicleParts, far: VehicleParts) -> None:
        self.node = NodePath("vehicle")
        self.lamps: tuple[Lamp, ...] = tuple(Lamp(g.name, parts.centre(g.mesh), g.kind) for g in near.lamps)
        self._near = self.node.attach_new_node(geom_node("body", join((near.body, near.overhang))))
        self._far = self.node.attach_new_node(geom_node("far", _distant(far)))
        self._far.stash()
        self._axles = tuple(self._add_axle(axle) for axle in near.axles)
        self._lamp_nodes = {kind: self._add_lamps(near, kind) for kind in LampKind}
        self._lit: dict[LampKind, tuple[float, float, float] | None] = {}
        self._switched: tuple[bool, bool, bool, bool] | None = None
        self._level = 0
        self.set_lamps(brake=False, left=False, right=False, headlamps=False)

    def _add_axle(self, axle: parts.Axle) -> NodePath:
        node = self._near.attach_new_node(geom_node("axle", axle.mesh))
        node.set_pos(axle.x, 0.0, axle.radius)
        return node

    def _add_lamps(self, near: VehicleParts, kind: LampKind) -> NodePath:
        glasses = join(g.mesh for g in near.lamps if g.kind is kind)
        node = self.node.attach_new_node(geom_node(kind.value, glasses))
        node.set_tag("lamp", kind.value)
        return node

    def set_lamps(self, brake: bool, left: bool, right: bool, headlamps: bool) -> None:
        """Switch lamps; lit ones shine whatever the light. With headlamps the tail lamps glow too."""
        if (asked := (brake, left, right, headlamps)) == self._switched:
            return
        self._switched = asked
        tail = _LIT[LampKind.TAIL] if brake else _TAIL_RUNNING if headlamps else None
        self._light(LampKind.TAIL, tail)
        for kind, on in ((LampKind.HEAD, headlamps), (LampKind.LEFT, left), (LampKind.RIGHT, right)):
            self._light(kind, _LIT[kind] if on else None)

    def _light(self, kind: LampKind, colour: tuple[float, float, float] | None) -> None:
        if kind in self._lit and self._lit[kind] == colour:
            return
        self._lit[kind] = colour
        node = self._lamp_nodes[kind]
        node.set_color(*(colour or _DARK[kind]), 1.0)
        if colour is None:
            node.clear_light()
        else:
            node.set_light_off(1)

    def set_rolling(self, angle_rad: float) -> None:
        """Turn the wheels to ``angle_rad``, growing as the vehicle drives forward."""
        for node in self._axles:
            node.set_r(float(np.degrees(angle_rad)))

    def set_detail(self, level: int) -> None:
        """0 near; 1 far, with a quarter of the triangles and wheels that stand still."""
        if level == self._level:
            return
        self._level = level
        for node, wanted in ((self._near, level == 0), (self._far, level != 0)):
            if wanted:
                node.unstash()
            else:
                node.stash()


def _distant(far: VehicleParts) -> Mesh:
    wheels = (axle.mesh.moved((axle.x, 0.0, axle.radius)) for axle in far.axles)
    return join((far.body, *wheels))


def build_vehicle(
    body_index: int, colour: tuple[int, int, int], length: float, width: float, height: float
) -> VehicleModel:
    """A vehicle of the body ``envs.bodies.BODIES[body_index]``, ``length × width × height`` [m]."""
    key = (
        body_index,
        (int(colour[0]), int(colour[1]), int(colour[2])),
        float(length),
        float(width),
        float(height),
    )
    return VehicleModel(vehicle_parts(*key), vehicle_parts(*key, fine=False))
