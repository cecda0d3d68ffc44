"""Four-legged animals: a body, a neck with its head, and jointed legs that walk and gallop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from panda3d.core import NodePath

from drive_stack.world_state import WalkerKind

from .mesh import Mesh, both_sides, geom_node, join
from .shapes import along_x, ellipses, tube

RGB = tuple[float, float, float]

_CREASE_DEG = 80.0
_HOOF: RGB = (34.0, 30.0, 28.0)
_WALKING, _GALLOPING = 1.5, 5.0  # [m/s]


@dataclass(frozen=True, slots=True)
class Shape:
    """Proportions of a species, as fractions of its length or height, and its colours."""

    back: float  # height of the back
    belly: float  # height of the belly
    girth: float  # half width of the trunk, as a fraction of the width
    shoulder: float  # x of the front legs, as a fraction of the length ahead of the centre
    hip: float  # x of the hind legs
    neck: float  # x where the neck leaves the trunk
    head: tuple[float, float]  # x and height of the head's centre
    muzzle: tuple[float, float]  # x and height of its tip
    skull: float  # radius of the head, as a fraction of the height
    leg: float  # radius of a leg, as a fraction of the height
    coat: RGB
    under: RGB
    tail: RGB
    ears: float  # length, as a fraction of the height


_SHAPES = MappingProxyType(
    {
        WalkerKind.DEER: Shape(
            0.74, 0.38, 0.90, 0.22, -0.34, 0.28, (0.38, 0.88), (0.50, 0.80), 0.075, 0.030,
            (140.0, 114.0, 88.0), (164.0, 142.0, 116.0), (226.0, 218.0, 204.0), 0.12,
        ),
        WalkerKind.BOAR: Shape(
            0.98, 0.38, 1.00, 0.18, -0.32, 0.24, (0.34, 0.66), (0.50, 0.42), 0.20, 0.055,
            (62.0, 54.0, 48.0), (54.0, 46.0, 42.0), (48.0, 42.0, 38.0), 0.14,
        ),
        WalkerKind.DOG: Shape(
            0.78, 0.42, 0.85, 0.20, -0.34, 0.26, (0.36, 0.88), (0.50, 0.80), 0.11, 0.042,
            (176.0, 150.0, 114.0), (200.0, 178.0, 146.0), (176.0, 150.0, 114.0), 0.12,
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Meshes:
    trunk: Mesh
    thigh: Mesh
    shin: Mesh


def _loft(points: list[tuple[float, float, float, float]], colour: RGB, sides: int = 8) -> Mesh:
    """A tube along x over points (x, z of the centre, half height, half width)."""
    rings = []
    for x, z, tall, wide in points:
        ring = along_x(ellipses(sides, np.array([x]), tall, wide))
        rings.append(ring[0] + np.array([0.0, 0.0, z]))
    return tube(np.stack(rings), colour)


def _trunk(s: Shape, length: float, width: float, height: float) -> Mesh:
    """Build trunk, neck, head, ears and tail."""
    half, mid = s.girth * width / 2.0, (s.back + s.belly) / 2.0 * height
    tall = (s.back - s.belly) / 2.0 * height
    rump, chest = (s.hip - 0.12) * length, (s.shoulder + 0.10) * length
    body = _loft(
        [
            (rump, mid + 0.2 * tall, 0.35 * tall, 0.35 * half),
            (rump + 0.07 * length, mid + 0.08 * tall, 0.85 * tall, 0.82 * half),
            (0.0, mid - 0.05 * tall, 0.95 * tall, half),
            (chest - 0.10 * length, mid, tall, 0.95 * half),
            (chest, mid + 0.1 * tall, 0.55 * tall, 0.5 * half),
        ],
        s.coat,
    ).graded((s.belly * height, s.under), ((s.belly + 0.2 * (s.back - s.belly)) * height, s.coat))
    hx, hz, skull = s.head[0] * length, s.head[1] * height, s.skull * height
    neck = _loft(
        [
            (s.neck * length - 0.07 * length, mid + 0.35 * tall, 0.62 * tall, 0.62 * half),
            (hx, hz, 1.05 * skull, 0.85 * skull),
        ],
        s.coat,
        6,
    )
    head = _loft(
        [
            (hx - 0.9 * skull, hz + 0.1 * skull, 0.75 * skull, 0.65 * skull),
            (hx, hz, skull, 0.85 * skull),
            (s.muzzle[0] * length - 0.02, s.muzzle[1] * height, 0.42 * skull, 0.42 * skull),
            (s.muzzle[0] * length, s.muzzle[1] * height, 0.2 * skull, 0.25 * skull),
        ],
        s.coat,
        6,
    )
    ear_top = min(hz + skull + s.ears * height, height)
    ears = both_sides(
        tube(
            ellipses(4, np.array([hz + 0.5 * skull, ear_top]), np.array([0.2, 0.06]) * skull,
                     np.array([0.42, 0.1]) * skull, hx - 0.4 * skull),
            s.coat,
        ).moved((0.0, 0.75 * skull, 0.0))
    )  # fmt: skip
    tail = _loft(
        [
            (-length / 2.0, mid - 0.1 * tall, 0.16 * tall, 0.14 * half),
            (rump + 0.02, mid + 0.5 * tall, 0.22 * tall, 0.25 * half),
        ],
        s.tail,
        5,
    )
    return join((body, neck, head, ears, tail))


def _leg(low: float, high: float, radii: tuple[float, float], colour: RGB) -> Mesh:
    return tube(ellipses(5, np.array([low, high]), np.array(radii), np.array(radii) * 0.8), colour)


@lru_cache(maxsize=64)
def _meshes(kind: WalkerKind, length: float, width: float, height: float) -> _Meshes:
    s = _SHAPES[kind]
    hip = 1.15 * s.belly * height
    radius = s.leg * height
    shin = join((
        _leg(-0.5 * hip, 0.02 * hip, (0.75 * radius, radius), s.coat),
        _leg(-0.5 * hip, -0.42 * hip, (0.9 * radius, 0.8 * radius), _HOOF),
    ))  # fmt: skip
    thigh = _leg(-0.5 * hip, 0.12 * hip, (1.05 * radius, 2.2 * radius), s.coat)
    return _Meshes(_trunk(s, length, width, height), thigh, shin)


class AnimalModel:
    """Scene node of one animal. Its origin is below the body's centre, x forward, y left, z up [m]."""

    def __init__(self, kind: WalkerKind, length: float, width: float, height: float) -> None:
        s, meshes = _SHAPES[kind], _meshes(kind, length, width, height)
        self.node = NodePath(kind.name.lower())
        self._trunk = self.node.attach_new_node(geom_node("trunk", meshes.trunk, _CREASE_DEG))
        self._hip = 1.15 * s.belly * height
        thigh = geom_node("thigh", meshes.thigh, _CREASE_DEG)
        shin = geom_node("shin", meshes.shin, _CREASE_DEG)
        self._legs: list[tuple[NodePath, NodePath]] = []
        for x in (s.shoulder * length, s.hip * length):
            for side in (1.0, -1.0):
                upper = self.node.attach_new_node("leg")
                upper.set_pos(x, side * 0.55 * s.girth * width / 2.0, self._hip)
                upper.attach_new_node(thigh)
                lower = upper.attach_new_node("shin")
                lower.set_pos(0.0, 0.0, -0.5 * self._hip)
                lower.attach_new_node(shin)
                self._legs.append((upper, lower))
        self.set_gait(0.0, 0.0)

    def set_gait(self, phase_rad: float, speed: float) -> None:
        """Set the pose at a phase of the gait cycle [rad] and a speed [m/s]; upright at speed 0.

        A walk moves the four legs one after the other; a gallop moves both front and both hind legs together,
        and the trunk rises and falls.
        """
        walk = min(max(speed, 0.0) / _WALKING, 1.0)
        gallop = float(np.clip((speed - 2.5) / (_GALLOPING - 2.5), 0.0, 1.0))
        for leg, (walking, galloping) in enumerate(_OFFSETS):
            phase = phase_rad + (1.0 - gallop) * walking + gallop * galloping
            swing = walk * (0.38 + 0.32 * gallop) * float(np.sin(phase))
            bend = walk * (0.25 + 0.65 * gallop) * max(0.0, float(np.cos(phase)))
            backwards = 1.0 if leg < 2 else -0.6  # front knees bend back, hocks forward
            upper, lower = self._legs[leg]
            upper.set_hpr(0.0, 0.0, float(-np.degrees(swing)))
            lower.set_hpr(0.0, 0.0, float(np.degrees(backwards * bend)))
        self._trunk.set_z(0.05 * gallop * self._hip * float(np.cos(2.0 * phase_rad)))
        self._trunk.set_hpr(0.0, 0.0, float(np.degrees(0.06 * gallop * np.sin(phase_rad))))


_OFFSETS = (
    (0.0, 0.0),
    (np.pi, 0.5),
    (1.5 * np.pi, np.pi),
    (0.5 * np.pi, np.pi + 0.5),
)  # phase of each leg when walking and galloping [rad]: front left, front right, hind left, hind right
