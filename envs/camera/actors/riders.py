"""People on wheels: a cyclist, a wheelchair user, and the seated figure of a motorcyclist."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from panda3d.core import NodePath

from drive_stack.types import FloatArray
from drive_stack.world_state import WalkerKind

from .mesh import Mesh, both_sides, geom_node, join
from .shapes import box, ellipses, tube, wheel

RGB = tuple[float, float, float]

_CREASE_DEG = 80.0
TYRE, RIM, FRAME = (30.0, 30.0, 32.0), (120.0, 124.0, 128.0), (60.0, 66.0, 74.0)
_SPOKES: RGB = (96.0, 98.0, 102.0)
_HELMET: RGB = (228.0, 228.0, 224.0)


def bar(start: tuple[float, float, float], end: tuple[float, float, float], radii: tuple[float, float],
        colour: RGB, sides: int = 6) -> Mesh:  # fmt: skip
    """Build a round bar between two points, with its radius at both ends [m]."""
    low, high = np.array(start), np.array(end)
    axis = (high - low) / np.linalg.norm(high - low)
    helper = np.array([0.0, 1.0, 0.0]) if abs(axis[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
    first = np.cross(helper, axis)
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    angle = np.arange(sides) * 2.0 * np.pi / sides
    circle = np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second
    return tube(np.stack([low + radii[0] * circle, high + radii[1] * circle]), colour)


def ball(centre: tuple[float, float, float], radius: float, colour: RGB) -> Mesh:
    """Build a ball [m]."""
    levels = np.array([-0.95, -0.55, 0.0, 0.55, 0.95])
    girth = np.sqrt(1.0 - levels**2)
    return tube(ellipses(8, levels * radius, girth * radius, girth * radius), colour).moved(centre)


def seated(
    hip: tuple[float, float], shoulder: tuple[float, float], hand: tuple[float, float],
    foot: tuple[float, float], knee: tuple[float, float], scale: float,
    colours: tuple[RGB, RGB, RGB, RGB], *, helmet: bool,
) -> Mesh:  # fmt: skip
    """Build a seated person from joints (x, z) [m]; ``colours`` are top, trousers, head cover and skin."""
    top, trousers, cover, skin = colours
    (hx, hz), (sx, sz) = hip, shoulder
    reach = 0.17 * scale
    trunk = bar((hx, 0.0, hz - 0.05 * scale), (sx, 0.0, sz), (0.15 * scale, 0.19 * scale), top, 8)
    neck_x, neck_z = sx + 0.05 * scale, sz + 0.17 * scale
    head = ball((neck_x, 0.0, neck_z), 0.115 * scale, skin)
    cap = ball((neck_x - 0.015, 0.0, neck_z + 0.035 * scale), (0.135 if helmet else 0.12) * scale, cover)
    elbow = ((sx + hand[0]) / 2.0 - 0.03, (sz + hand[1]) / 2.0 - 0.08 * scale)
    limbs = join((
        bar((sx, reach, sz - 0.03), (elbow[0], reach + 0.05, elbow[1]), (0.06 * scale, 0.05 * scale), top),
        bar((elbow[0], reach + 0.05, elbow[1]), (hand[0], reach, hand[1]), (0.05 * scale, 0.04 * scale), top),
        bar((hx, 0.09, hz), (knee[0], 0.12, knee[1]), (0.095 * scale, 0.07 * scale), trousers),
        bar((knee[0], 0.12, knee[1]), (foot[0], 0.11, foot[1]), (0.065 * scale, 0.045 * scale), trousers),
    ))  # fmt: skip
    return join((trunk, head, cap, both_sides(limbs)))


def _disc_wheel(x: float, radius: float, width: float, y: float = 0.0) -> Mesh:
    single = wheel(radius, width, 14, TYRE, (_SPOKES, RIM))
    return join((single, single.mirrored())).moved((x, y, radius))


def _colours(clothes: NDArray[np.uint8], *, helmet: bool) -> tuple[RGB, RGB, RGB, RGB]:
    rows = [(float(r), float(g), float(b)) for r, g, b in np.asarray(clothes)]
    return rows[0], rows[1], _HELMET if helmet else rows[2], rows[3]


def _cyclist(colours: tuple[RGB, RGB, RGB, RGB], phase: float) -> Mesh:
    """Build a cyclist of 1.75 m × 0.55 m × 1.75 m with the cranks at a phase [rad]."""
    front, rear, radius = 0.54, -0.53, 0.34
    crank, saddle, head_tube, grip = (-0.05, 0.28), (-0.22, 0.96), (0.40, 0.90), (0.42, 1.05)
    parts = [
        _disc_wheel(front, radius, 0.05),
        _disc_wheel(rear, radius, 0.05),
        bar((rear, 0.0, radius), (crank[0], 0.0, crank[1]), (0.02, 0.02), FRAME),
        bar((crank[0], 0.0, crank[1]), (saddle[0], 0.0, saddle[1]), (0.022, 0.02), FRAME),
        bar((crank[0], 0.0, crank[1]), (head_tube[0], 0.0, head_tube[1] - 0.1), (0.025, 0.025), FRAME),
        bar((saddle[0], 0.0, 0.85), (head_tube[0], 0.0, head_tube[1]), (0.022, 0.022), FRAME),
        bar((front, 0.0, radius), (grip[0] - 0.02, 0.0, grip[1]), (0.02, 0.022), FRAME),
        box((grip[0] - 0.02, -0.27, grip[1] - 0.02), (grip[0] + 0.02, 0.27, grip[1] + 0.02), FRAME),
        box((saddle[0] - 0.12, -0.08, saddle[1] - 0.04), (saddle[0] + 0.1, 0.08, saddle[1]), TYRE),
    ]
    top, trousers, cover, skin = colours
    hip, shoulder = (-0.2, 1.0), (0.12, 1.43)
    parts.append(bar((hip[0], 0.0, hip[1]), (shoulder[0], 0.0, shoulder[1]), (0.15, 0.18), top, 8))
    parts += [ball((0.22, 0.0, 1.58), 0.11, skin), ball((0.2, 0.0, 1.625), 0.125, cover)]
    for side, turn in ((1.0, phase), (-1.0, phase + np.pi)):
        foot = (crank[0] + 0.17 * float(np.cos(turn)), crank[1] - 0.17 * float(np.sin(turn)))
        knee = _knee(hip, foot, 0.44, 0.44)
        y = side * 0.1
        parts += [
            bar((shoulder[0], side * 0.17, shoulder[1] - 0.03), (grip[0], side * 0.22, grip[1]),
                (0.055, 0.04), top),
            bar((hip[0], y, hip[1] - 0.02), (knee[0], y, knee[1]), (0.09, 0.065), trousers),
            bar((knee[0], y, knee[1]), (foot[0], y, foot[1]), (0.06, 0.045), trousers),
            box((foot[0] - 0.1, y - 0.05, foot[1] - 0.05), (foot[0] + 0.14, y + 0.05, foot[1] + 0.02), TYRE),
        ]  # fmt: skip
    return join(parts)


def _knee(hip: tuple[float, float], foot: tuple[float, float], thigh: float, shin: float) -> FloatArray:
    """The knee (x, z) that joins a thigh and a shin [m], in front of the line from hip to foot."""
    low, high = np.array(foot), np.array(hip)
    distance = min(float(np.linalg.norm(high - low)), thigh + shin - 1e-6)
    along = (thigh**2 - shin**2 + distance**2) / (2.0 * distance)
    out = np.sqrt(max(thigh**2 - along**2, 0.0))
    axis = (low - high) / np.linalg.norm(low - high)
    return np.asarray(high + axis * along + np.array([-axis[1], axis[0]]) * out, dtype=np.float64)


def _wheelchair(colours: tuple[RGB, RGB, RGB, RGB], phase: float) -> Mesh:
    """Build a wheelchair user of 1.1 m × 0.65 m × 1.3 m who pushes the wheels at a phase [rad]."""
    push = 0.16 * float(np.sin(phase))
    radius = 0.30
    seat, back = 0.5, -0.28
    rear_wheels = both_sides(_disc_wheel(-0.22, radius, 0.05, 0.29))
    castors = both_sides(_disc_wheel(0.34, 0.1, 0.04, 0.24))
    chair = join((
        box((back, -0.23, seat - 0.05), (0.2, 0.23, seat), (36.0, 40.0, 52.0)),
        box((back - 0.04, -0.23, seat), (back, 0.23, 0.92), (36.0, 40.0, 52.0)),
        both_sides(bar((back - 0.02, 0.22, 0.9), (back - 0.14, 0.22, 0.93), (0.02, 0.02), TYRE)),
        both_sides(bar((0.2, 0.2, seat), (0.42, 0.18, 0.14), (0.018, 0.018), RIM)),
        box((0.38, -0.18, 0.1), (0.55, 0.18, 0.13), RIM),
    ))  # fmt: skip
    person = seated(
        (-0.15, 0.6), (-0.12, 1.02), (-0.1 + push, 0.66), (0.44, 0.16), (0.3, 0.6), 0.92, colours,
        helmet=False,
    )  # fmt: skip
    reach = box((-0.55, -0.01, 0.3), (-0.5, 0.01, 0.32), TYRE)
    return join((rear_wheels, castors, chair, person, reach))


_PHASES = 8  # poses of a cycle that are built


@lru_cache(maxsize=128)
def _mesh(kind: WalkerKind, size: tuple[float, float, float], colours: tuple[RGB, RGB, RGB, RGB],
          step: int) -> Mesh:  # fmt: skip
    build = _cyclist if kind is WalkerKind.CYCLIST else _wheelchair
    low, high = build(colours, 0.0).bounds
    scale = np.array(size) / np.array([high[0] - low[0], high[1] - low[1], high[2]])
    offset = np.array([-(low[0] + high[0]) / 2.0 * scale[0], 0.0, 0.0])
    return build(colours, 2.0 * np.pi * step / _PHASES).fitted(scale, offset)


class RiderModel:
    """Scene node of a cyclist or wheelchair user of a size (length, width, height) [m].

    The origin is on the ground below the body's centre, x forward, y left, z up.
    """

    def __init__(
        self, kind: WalkerKind, size: tuple[float, float, float], clothes: NDArray[np.uint8]
    ) -> None:
        self.node = NodePath(kind.name.lower())
        colours = _colours(clothes, helmet=kind is WalkerKind.CYCLIST)
        self._poses: dict[int, NodePath] = {}
        self._kind, self._size, self._colours = kind, size, colours
        self.set_gait(0.0, 0.0)

    def set_gait(self, phase_rad: float, speed: float) -> None:  # noqa: ARG002 - only the phase shows
        """Show the pose of the cranks or arms at a phase of their cycle [rad]."""
        step = int(phase_rad / (2.0 * np.pi) * _PHASES) % _PHASES
        if step not in self._poses:
            mesh = _mesh(self._kind, self._size, self._colours, step)
            self._poses[step] = self.node.attach_new_node(geom_node("pose", mesh, _CREASE_DEG))
        for other, node in self._poses.items():
            if other == step:
                node.show()
            else:
                node.hide()
