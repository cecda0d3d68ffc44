"""The parts of a vehicle as meshes, and builders of the parts that all vehicles share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import FloatArray

from .mesh import Mesh, both_sides, join
from .shapes import box, prism, wheel

RGB = tuple[float, float, float]

TYRE: RGB = (30.0, 30.0, 32.0)
TRIM: RGB = (34.0, 35.0, 38.0)
RUBBER: RGB = (22.0, 22.0, 24.0)
CHROME: RGB = (176.0, 180.0, 186.0)
RIM: RGB = (158.0, 162.0, 168.0)
RIM_DARK: RGB = (70.0, 72.0, 76.0)
PLATE: RGB = (232.0, 230.0, 214.0)
GLASS_LOW: RGB = (22.0, 27.0, 33.0)
GLASS_HIGH: RGB = (84.0, 100.0, 116.0)


class Detail(Enum):
    """Level of detail of a body."""

    NEAR = "near"
    FAR = "far"  # fewer triangles
    DISTANT = "distant"  # some pixels large: outline, glass, dark wheels and lamps
    REMOTE = "remote"  # a few pixels large: a stack of boxes


class LampKind(StrEnum):
    """Function of a lamp."""

    HEAD = "head"
    TAIL = "tail"  # also the brake lamps
    LEFT = "left"
    RIGHT = "right"
    BLUE = "blue"  # flashing light of an emergency vehicle


@dataclass(frozen=True, slots=True)
class LampGlass:
    """One lamp's glass."""

    name: str
    kind: LampKind
    mesh: Mesh


@dataclass(frozen=True, slots=True)
class Axle:
    """The wheels of one axle; ``mesh`` has its hub at the origin."""

    x: float
    radius: float
    mesh: Mesh


@dataclass(frozen=True, slots=True)
class VehicleParts:
    """A vehicle: origin on the ground at the body's centre, x forward, y left, z up [m]."""

    body: Mesh
    overhang: Mesh  # such as mirrors, outside length × width × height
    axles: tuple[Axle, ...]
    lamps: tuple[LampGlass, ...]


@dataclass(frozen=True, slots=True)
class Build:
    """Input of a body's builder: dimensions [m], paint and level of detail."""

    length: float
    width: float
    height: float
    paint: RGB
    detail: Detail

    @property
    def fine(self) -> bool:
        """Whether small parts are visible."""
        return self.detail is Detail.NEAR


def axle(
    x: float, radius: float, half_track: float, width: float, detail: Detail, *, sides: int = 10
) -> Axle:
    """Build two wheels whose outer faces are ``half_track`` [m] from the centre line."""
    if detail is Detail.DISTANT:
        half, inner = 0.9 * radius, half_track - width
        tyre = box((-half, inner, -radius), (half, half_track, half), TYRE)
        return Axle(x, radius, both_sides(tyre.facing(_not_into_the_body)))
    fine = detail is Detail.NEAR
    count = sides if fine else 6
    single = wheel(radius, width, count, TYRE, (RIM, RIM_DARK) if fine else (RIM, RIM))
    return Axle(x, radius, both_sides(single.moved((0.0, half_track - width / 2.0, 0.0))))


def _not_into_the_body(normals: FloatArray) -> NDArray[np.bool_]:
    """Select the faces of a left wheel that point neither to the body nor up."""
    return np.asarray((normals[:, 1] > -0.5) & (normals[:, 2] < 0.5))


def wrap_lamp(
    end: tuple[float, float],
    side: tuple[float, float],
    inner: float,
    z: tuple[float, float],
    slant: float = 0.0,
) -> Mesh:
    """Build a white left lamp that wraps around a corner of the body.

    ``end`` (x, y) is its outer corner at the car's end, ``side`` (x, y) its last point along the side and
    ``inner`` its inner y. The top is set back by ``slant`` towards the car's centre. All in m.
    """
    inward = -np.sign(end[0])
    plan = [(end[0], inner), end, side, (side[0], inner)]
    lower = np.array([(x, y, z[0]) for x, y in plan])
    upper = np.array([(x + inward * slant * (k < 2), y, z[1]) for k, (x, y) in enumerate(plan)])
    if inward > 0.0:  # the rear: keep counter-clockwise from above
        lower, upper = lower[::-1], upper[::-1]
    return prism(lower, upper, (255.0, 255.0, 255.0))


def lamp_pair(name: str, kind: LampKind, left: Mesh) -> tuple[LampGlass, LampGlass]:
    """Return a lamp and its mirror image. A left turn lamp becomes a right one."""
    right_kind = LampKind.RIGHT if kind is LampKind.LEFT else kind
    return LampGlass(f"{name}_left", kind, left), LampGlass(f"{name}_right", right_kind, left.mirrored())


def number_plate(x: float, z: float, *, bulge: float = 0.02) -> Mesh:
    """Build a light plate on the end at ``x`` that protrudes by ``bulge`` [m]."""
    toward = float(np.sign(x))
    near, far = sorted((x - toward * 0.05, x + toward * bulge))
    return box((near, -0.26, z - 0.055), (far, 0.26, z + 0.055), PLATE)


def mirrors(x: float, y: float, z: float, paint: RGB) -> Mesh:
    """Build door mirrors attached at ``y`` [m]."""
    left = box((x - 0.07, y - 0.06, z), (x + 0.09, y + 0.15, z + 0.14), paint)
    return both_sides(left)


def fit(parts: VehicleParts, length: float, width: float, height: float) -> VehicleParts:
    """Scale body, lamps and axle positions slightly to fill length × width × height [m] exactly."""
    solids = [parts.body, *(lamp.mesh for lamp in parts.lamps)]
    low, high = join(solids).bounds
    scale = np.array([length, width, height]) / np.array([high[0] - low[0], high[1] - low[1], high[2]])
    offset: FloatArray = np.array([-(low[0] + high[0]) / 2.0 * scale[0], 0.0, 0.0])

    def fitted(mesh: Mesh) -> Mesh:
        return mesh.fitted(scale, offset)

    return VehicleParts(
        body=fitted(parts.body),
        overhang=fitted(parts.overhang),
        axles=tuple(Axle(float(a.x * scale[0] + offset[0]), a.radius, a.mesh) for a in parts.axles),
        lamps=tuple(LampGlass(lamp.name, lamp.kind, fitted(lamp.mesh)) for lamp in parts.lamps),
    )


def paint_body(meshes: Iterable[Mesh], height: float) -> Mesh:
    """Join the body into one mesh that is slightly darker towards the ground."""
    return join(meshes).shaded(0.05 * height, 0.5 * height, 0.66)
