"""Scene nodes of vehicles: one body Geom per level of detail, and switchable lamps."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from panda3d.core import NodePath

from ...bodies import BODIES
from . import car_shapes, large_vehicles, parts, unusual_vehicles
from .cars import CarLoft
from .mesh import CREASE_DEG, Mesh, geom_node, join, to_reflectance
from .parts import Build, Detail, LampGlass, LampKind, VehicleParts


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
        "box_truck": large_vehicles.box_truck,
        "semi_trailer": large_vehicles.semi_trailer,
        "bus": large_vehicles.bus,
        "tanker": large_vehicles.tanker,
        "motorcycle": unusual_vehicles.motorcycle,
        "police_car": unusual_vehicles.police_car,
        "overturned_car": unusual_vehicles.overturned_car,
    }
)

_DARK = MappingProxyType(
    {
        LampKind.HEAD: (0.78, 0.80, 0.84),
        LampKind.TAIL: (0.46, 0.035, 0.04),
        LampKind.LEFT: (0.62, 0.30, 0.06),
        LampKind.RIGHT: (0.62, 0.30, 0.06),
        LampKind.BLUE: (0.08, 0.14, 0.46),
    }
)
_TAIL_RUNNING = (0.72, 0.05, 0.05)
_LIT = MappingProxyType(
    {
        LampKind.HEAD: (1.0, 0.98, 0.90),
        LampKind.TAIL: (1.0, 0.16, 0.10),
        LampKind.LEFT: (1.0, 0.66, 0.10),
        LampKind.RIGHT: (1.0, 0.66, 0.10),
        LampKind.BLUE: (0.35, 0.55, 1.0),
    }
)


# lamps lie directly on the body: where depths are equal the first drawn face wins, so lamps are drawn first
_LAMP_ORDER = MappingProxyType({kind: order for order, kind in enumerate(LampKind)})
_BODY_ORDER = len(LampKind)
_DISTANT_CREASE_DEG = 80.0
_LIT_OFFSET = 0.03  # distance of lit glass from the dark glass of a distant body [m]


@lru_cache(maxsize=64)
def vehicle_parts(
    body_index: int,
    colour: tuple[int, int, int],
    length: float,
    width: float,
    height: float,
    *,
    detail: Detail = Detail.NEAR,
) -> VehicleParts:
    """Build the meshes of a vehicle that fill ``length × width × height`` [m], without mirrors."""
    red, green, blue = (float(c) for c in colour)
    build = Build(length, width, height, (red, green, blue), detail)
    return parts.fit(BUILDERS[BODIES[body_index].name](build), length, width, height)


class VehicleModel:
    """Scene node of one vehicle. The meshes of each level of detail are built on first use.

    The origin of ``node`` is on the ground at the body's centre, x forward, y left, z up [m].
    """

    def __init__(self, parts_at: Callable[[Detail], VehicleParts], detail: Detail) -> None:
        self.node = NodePath("vehicle")
        self._parts_at = parts_at
        self._bodies: dict[Detail, NodePath] = {}
        self._lamps: dict[tuple[LampKind, bool], NodePath] = {}  # by kind, and whether in the distance
        self._lit: dict[LampKind, tuple[float, float, float] | None] = dict.fromkeys(
            _lamp_kinds(parts_at(detail))
        )
        self._glow = 1.0
        self._switched = (False, False, False, False, False)
        self._detail = detail
        self._show()

    def set_lamps(self, brake: bool, left: bool, right: bool, headlamps: bool, *, blue: bool = False) -> None:
        """Switch the lamps. Lit lamps ignore the scene's light. Headlamps also turn on the tail lamps."""
        if (requested := (brake, left, right, headlamps, blue)) == self._switched:
            return
        self._switched = requested
        self._lit[LampKind.TAIL] = _LIT[LampKind.TAIL] if brake else _TAIL_RUNNING if headlamps else None
        switches = {
            LampKind.HEAD: headlamps, LampKind.LEFT: left, LampKind.RIGHT: right, LampKind.BLUE: blue,
        }  # fmt: skip
        for kind in self._lit.keys() & switches.keys():
            self._lit[kind] = _LIT[kind] if switches[kind] else None
        self._show()

    def set_glow(self, alpha: float) -> None:
        """Set the alpha 0 … 1 of lit lamps. They keep their own colour in any light."""
        self._glow = alpha
        distant = self._detail is Detail.DISTANT
        for kind, colour in self._lit.items():
            if colour is not None:
                self._lamp(kind, distant=distant).set_color_scale(1.0, 1.0, 1.0, alpha)

    def set_detail(self, detail: Detail) -> None:
        """Set the level of detail."""
        if detail is not self._detail:
            self._detail = detail
            self._show()

    def _show(self) -> None:
        if self._detail not in self._bodies:
            self._bodies[self._detail] = self._body(self._detail)
        for detail, body in self._bodies.items():
            _set_visible(body, detail is self._detail)
        distant = self._detail is Detail.DISTANT
        for kind, colour in self._lit.items():
            is_visible = not distant or colour is not None  # a distant body has dark lamps of its own
            if is_visible:
                self._switch(self._lamp(kind, distant=distant), kind, colour)
            for far in (False, True):
                if (kind, far) in self._lamps:
                    _set_visible(self._lamps[kind, far], is_visible and far == distant)

    def _body(self, detail: Detail) -> NodePath:
        made = self._parts_at(detail)
        meshes = [made.body, *(axle.mesh.moved((axle.x, 0.0, axle.radius)) for axle in made.axles)]
        if detail is Detail.NEAR:
            meshes.append(made.overhang)
        crease = _DISTANT_CREASE_DEG if detail is Detail.DISTANT else CREASE_DEG
        holder = self.node.attach_new_node(detail.value, _BODY_ORDER)
        if detail is Detail.DISTANT:
            lamps = [_outward(glass).coloured(255.0 * np.array(_DARK[glass.kind])) for glass in made.lamps]
            holder.attach_new_node(geom_node("dark", join(lamps)))
        holder.attach_new_node(geom_node("body", join(meshes).seen_from_above(), crease))
        return holder

    def _lamp(self, kind: LampKind, *, distant: bool) -> NodePath:
        if (kind, distant) not in self._lamps:
            made = self._parts_at(Detail.DISTANT if distant else Detail.NEAR)
            lamps = [glass for glass in made.lamps if glass.kind is kind]
            meshes = [_outward(glass, _LIT_OFFSET) if distant else glass.mesh for glass in lamps]
            node = self.node.attach_new_node(geom_node(kind.value, join(meshes)), _LAMP_ORDER[kind])
            self._lamps[kind, distant] = node
        return self._lamps[kind, distant]

    def _switch(self, node: NodePath, kind: LampKind, colour: tuple[float, float, float] | None) -> None:
        """Let a lamp shine in ``colour``, or for None be dark glass that is lit and fogged as the body is."""
        if colour is None:
            node.set_color(*to_reflectance(_DARK[kind]), 1.0)
            node.clear_light()
            node.clear_color_scale()
        else:
            node.set_color(*colour, 1.0)
            node.set_light_off(1)
            node.set_color_scale_off(1)  # do not inherit; the next line sets the lamp's own
            node.set_color_scale(1.0, 1.0, 1.0, self._glow)


def _lamp_kinds(made: VehicleParts) -> tuple[LampKind, ...]:
    """The kinds of lamps that a vehicle has, in the order of `LampKind`."""
    return tuple(kind for kind in LampKind if any(glass.kind is kind for glass in made.lamps))


def _set_visible(node: NodePath, shown: bool) -> None:
    """Show or hide a node. Stashing would change the drawing order, and so pixels where faces meet."""
    if shown:
        node.show()
    else:
        node.hide()


def _outward(glass: LampGlass, offset: float = 0.0) -> Mesh:
    """Return a lamp's faces that point away from the vehicle's centre, moved outward by ``offset`` [m]."""
    low, high = glass.mesh.bounds
    outward = np.sign(low + high) * (1.0, 1.0, 0.0)
    return glass.mesh.facing(lambda normals: (normals * outward).max(axis=1) > 0.5).moved(offset * outward)


def build_vehicle(
    body_index: int,
    colour: tuple[int, int, int],
    length: float,
    width: float,
    height: float,
    detail: Detail = Detail.NEAR,
) -> VehicleModel:
    """Build a vehicle of the body ``envs.bodies.BODIES[body_index]``, ``length × width × height`` [m]."""
    red, green, blue = (int(part) for part in colour)
    size = float(length), float(width), float(height)
    return VehicleModel(
        lambda is_visible: vehicle_parts(body_index, (red, green, blue), *size, detail=is_visible), detail
    )
