"""Trucks, buses and trailers, built from bevelled slabs, panes and wheels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from . import parts
from .mesh import Mesh, both_sides
from .parts import RGB, Axle, Build, LampGlass, LampKind, VehicleParts
from .shapes import along_x, box, ellipses, fan, rounded_profile, slab, tube

_FLOOR = 1.02  # underside of a load body [m]
_CHASSIS: RGB = (46.0, 48.0, 52.0)
_BOX: RGB = (224.0, 226.0, 228.0)
_STEEL: RGB = (178.0, 184.0, 190.0)
_REFLECTOR: RGB = (170.0, 34.0, 30.0)
_WHEEL = 0.48


def _glass(corners: Sequence[tuple[float, float, float]]) -> Mesh:
    """Build a flat pane, counter-clockwise as seen from outside, lighter towards its top."""
    pane = fan(np.array(corners), parts.GLASS_LOW)
    low, high = pane.bounds
    return pane.graded((float(low[2]), parts.GLASS_LOW), (float(high[2]), parts.GLASS_HIGH))


def _side_pane(x: tuple[float, float], y: float, z: tuple[float, float], y_top: float | None = None) -> Mesh:
    """Build a window on both sides, from x[0] (rear) to x[1] [m]."""
    top = y if y_top is None else y_top
    return both_sides(_glass([(x[1], y, z[0]), (x[0], y, z[0]), (x[0], top, z[1]), (x[1], top, z[1])]))


def _end_pane(x: float, half: float, z: tuple[float, float], x_top: float | None = None) -> Mesh:
    """Build a windscreen (x > 0) or rear window at the end ``x`` [m]."""
    top = x if x_top is None else x_top
    side = half if x > 0.0 else -half
    return _glass([(x, -side, z[0]), (x, side, z[0]), (top, side * 0.97, z[1]), (top, -side * 0.97, z[1])])


def cab(front: float, depth: float, half: float, height: float, build: Build) -> tuple[Mesh, ...]:
    """Build a truck's cab with its nose at ``front`` and its roof at ``height`` [m]."""
    rear, floor, waist = front - depth, 0.42, 0.42 + 0.50 * (height - 0.42)
    rake = 0.16
    outline = [
        (rear, floor + 0.3), (front - 0.05, floor), (front, floor + 0.12), (front, waist),
        (front - rake, height - 0.16), (front - rake - 0.22, height), (rear, height - 0.03),
    ]  # fmt: skip
    screen_low, screen_high = waist + 0.04, height - 0.30
    lean = rake * (screen_high - waist) / (height - 0.16 - waist)
    body = [
        slab(outline, half, 0.07, build.paint, taper=0.03),
        _end_pane(front + 0.015, half * 0.87, (screen_low, screen_high), front + 0.015 - lean),
        _side_pane(
            (front - 0.30 - 0.55 * min(depth, 1.6), front - 0.26),
            half * 0.99 + 0.004,
            (waist + 0.02, screen_high - 0.04),
            half * 0.98,
        ),
        box((front - 0.1, -0.62 * half, 0.80), (front + 0.015, 0.62 * half, waist - 0.12), parts.RUBBER),
        box((front - 0.3, -half * 0.98, 0.32), (front + 0.05, half * 0.98, 0.62), parts.TRIM),
        parts.number_plate(front + 0.05, 0.46),
    ]
    if build.fine:
        bars = [
            box((front, -0.58 * half, z), (front + 0.035, 0.58 * half, z + 0.035), parts.CHROME)
            for z in np.linspace(0.92, waist - 0.25, 3)
        ]
        visor = box(
            (front - rake - 0.12, -0.88 * half, height - 0.30),
            (front - rake + 0.16, 0.88 * half, height - 0.24),
            parts.TRIM,
        )
        body += [*bars, visor]
    return tuple(body)


def _cab_lamps(front: float, half: float) -> tuple[LampGlass, ...]:
    head = box((front - 0.2, 0.66 * half, 0.66), (front + 0.045, 0.93 * half, 0.86), (255, 255, 255))
    turn = box((front - 0.2, 0.935 * half, 0.66), (front + 0.03, 0.995 * half, 0.86), (255, 255, 255))
    return (
        *parts.lamp_pair("head", LampKind.HEAD, head),
        *parts.lamp_pair("front_turn", LampKind.LEFT, turn),
    )


def _rear_lamps(rear: float, half: float, z: float) -> tuple[LampGlass, ...]:
    tail = box((rear - 0.03, 0.60 * half, z), (rear + 0.05, 0.80 * half, z + 0.14), (255, 255, 255))
    turn = box((rear - 0.03, 0.81 * half, z), (rear + 0.05, 0.92 * half, z + 0.14), (255, 255, 255))
    return (
        *parts.lamp_pair("tail", LampKind.TAIL, tail),
        *parts.lamp_pair("rear_turn", LampKind.LEFT, turn),
    )


def _underride(rear: float, half: float) -> tuple[Mesh, ...]:
    """Build rear beam, mud flaps and plate."""
    return (
        box((rear, -0.94 * half, 0.48), (rear + 0.12, 0.94 * half, 0.62), _CHASSIS),
        box((rear + 0.02, -0.94 * half, 0.70), (rear + 0.1, 0.94 * half, 0.98), parts.TRIM),
        both_sides(box((rear + 0.14, 0.55 * half, 0.22), (rear + 0.17, 0.93 * half, 0.75), parts.RUBBER)),
        parts.number_plate(rear + 0.02, 0.88),
    )


def _load_box(
    rear: float, front: float, half: float, height: float, colour: RGB, stripe: RGB, *, fine: bool
) -> tuple[Mesh, ...]:
    """Build a closed load body with rear doors."""
    body = [slab([(rear, _FLOOR), (front, _FLOOR), (front, height), (rear, height)], half, 0.045, colour)]
    band = (_FLOOR + 0.52 * (height - _FLOOR), _FLOOR + 0.66 * (height - _FLOOR))
    body.append(
        both_sides(box((rear + 0.5, half - 0.05, band[0]), (front - 0.5, half + 0.008, band[1]), stripe))
    )
    if fine:
        frame = tuple(0.78 * c for c in colour)
        body += [
            box((rear - 0.02, -0.012, _FLOOR + 0.05), (rear + 0.02, 0.012, height - 0.06), parts.TRIM),
            *(
                both_sides(
                    box(
                        (rear - 0.03, y * half - 0.018, _FLOOR + 0.04),
                        (rear + 0.02, y * half + 0.018, height - 0.05),
                        _STEEL,
                    )
                )
                for y in (0.3, 0.68)
            ),
            box((rear - 0.015, -half, _FLOOR), (rear + 0.05, half, _FLOOR + 0.09), frame),
            both_sides(
                box((rear - 0.035, 0.05, _FLOOR + 0.12), (rear, 0.42 * half, _FLOOR + 0.2), _REFLECTOR)
            ),
        ]
    return tuple(body)


def _skirts(rear: float, front: float, half: float) -> Mesh:
    """Build side guards between the axles."""
    return both_sides(box((rear, half * 0.84, 0.45), (front, half * 0.94, 0.95), _CHASSIS))


def _axles(xs: Sequence[float], half: float, build: Build) -> tuple[Axle, ...]:
    return tuple(parts.axle(x, _WHEEL, half * 0.985, 0.34, build.detail, sides=8) for x in xs)


def _cab_mirrors(front: float, half: float, height: float) -> Mesh:
    arm = box(
        (front - 0.05, half * 0.97, 0.60 * height),
        (front + 0.10, half + 0.22, 0.60 * height + 0.42),
        parts.TRIM,
    )
    return both_sides(arm)


def box_truck(build: Build) -> VehicleParts:
    """Build a rigid truck with a closed box."""
    front, rear, half = build.length / 2.0 - 0.05, -build.length / 2.0, build.width / 2.0
    cab_height = min(2.75, 0.82 * build.height)
    items = (
        *cab(front, 1.75, half * 0.96, cab_height, build),
        *_load_box(rear, front - 1.95, half, build.height, _BOX, build.paint, fine=build.fine),
        box((rear + 0.1, -0.42, 0.6), (front - 0.3, 0.42, _FLOOR), _CHASSIS),
        _skirts(rear + 0.28 * build.length, front - 2.0, half),
        *_underride(rear, half),
    )
    return VehicleParts(
        body=parts.paint_body(items, build.height),
        overhang=_cab_mirrors(front, half * 0.96, cab_height),
        axles=_axles((front - 1.25, rear + 0.20 * build.length), half, build),
        lamps=(*_cab_lamps(front, half * 0.96), *_rear_lamps(rear, half, 0.76)),
    )


def _tractor(build: Build, front: float, half: float) -> tuple[Mesh, ...]:
    height = min(3.55, 0.93 * build.height)
    top = build.height - 0.04
    fairing = slab(
        [
            (front - 2.15, height - 0.1),
            (front - 0.75, height - 0.08),
            (front - 1.35, top),
            (front - 2.15, top),
        ],
        half * 0.9,
        0.08,
        build.paint,
    )
    return (
        *cab(front, 2.2, half, height, build),
        fairing,
        box((front - 5.6, -0.42, 0.62), (front - 0.5, 0.42, 1.0), _CHASSIS),
        both_sides(box((front - 3.6, half * 0.60, 0.45), (front - 2.25, half * 0.93, 0.98), _STEEL)),
    )


def semi_trailer(build: Build) -> VehicleParts:
    """Build a tractor with a closed trailer."""
    front, rear, half = build.length / 2.0 - 0.05, -build.length / 2.0, build.width / 2.0
    items = (
        *_tractor(build, front, half * 0.97),
        *_load_box(rear, front - 2.55, half, build.height, _BOX, build.paint, fine=build.fine),
        box((rear + 0.1, -0.45, 0.7), (front - 5.0, 0.45, _FLOOR), _CHASSIS),
        _skirts(rear + 5.2, front - 6.4, half),
        *_underride(rear, half),
    )
    xs = (front - 1.4, front - 5.0, rear + 4.5, rear + 3.2, rear + 1.9)
    return VehicleParts(
        body=parts.paint_body(items, build.height),
        overhang=_cab_mirrors(front, half * 0.97, 3.3),
        axles=_axles(xs if build.fine else (xs[0], xs[1], xs[2], xs[4]), half, build),
        lamps=(*_cab_lamps(front, half * 0.97), *_rear_lamps(rear, half, 0.76)),
    )


def tanker(build: Build) -> VehicleParts:
    """Build a tractor with a tank trailer."""
    front, rear, half = build.length / 2.0 - 0.05, -build.length / 2.0, build.width / 2.0
    low, high = 1.06, build.height - 0.1
    centre, radius = (low + high) / 2.0, (high - low) / 2.0
    tail, nose = rear + 0.25, front - 2.6
    xs = np.array([tail - 0.18, tail, nose, nose + 0.2])
    swell = np.array([0.62, 1.0, 1.0, 0.62])
    shell = along_x(ellipses(16 if build.fine else 10, xs, radius * swell, half * 0.985 * swell))
    polish: RGB = tuple(0.5 * (a + b) for a, b in zip(_STEEL, build.paint, strict=True))  # type: ignore[assignment]
    tank = tube(shell, polish).moved((0.0, 0.0, centre))
    items = [
        tank,
        *_tractor(build, front, half * 0.97),
        box((tail + 0.6, -0.34, high - 0.06), (nose - 0.5, 0.34, build.height), _CHASSIS),
        box((rear + 0.1, -0.8, 0.7), (front - 5.0, 0.8, low + 0.16), _CHASSIS),
        both_sides(box((tail + 0.1, half * 0.80, 1.04), (nose - 0.2, half, 1.22), _CHASSIS)),
        box((tail - 0.25, -0.34, centre - 0.28), (tail - 0.1, 0.34, centre + 0.06), (226.0, 118.0, 24.0)),
        *_underride(rear, half),
    ]
    if build.fine:
        for x in np.linspace(tail + 0.4, nose - 0.4, 3):
            hoop = along_x(ellipses(16, np.array([x - 0.05, x + 0.05]), radius * 1.012, half * 0.997))
            items.append(tube(hoop, build.paint, caps=(False, False)).moved((0.0, 0.0, centre)))
    wheels = (front - 1.4, front - 4.6, rear + 3.9, rear + 2.6, rear + 1.3)
    return VehicleParts(
        body=parts.paint_body(items, build.height),
        overhang=_cab_mirrors(front, half * 0.97, 3.1),
        axles=_axles(wheels if build.fine else (wheels[0], wheels[1], wheels[2], wheels[4]), half, build),
        lamps=(*_cab_lamps(front, half * 0.97), *_rear_lamps(rear, half, 0.76)),
    )


def bus(build: Build) -> VehicleParts:
    """Build a coach with a band of windows."""
    length, height, half = build.length, build.height, build.width / 2.0
    front, rear = length / 2.0, -length / 2.0
    sill, top = 0.44 * height, 0.83 * height
    shell = slab(
        rounded_profile(rear, front, 0.32, height, (0.16, 0.34, 0.2, 0.12)),
        half,
        0.09,
        build.paint,
        taper=0.03,
    )
    y_low, y_top = half * 0.992 + 0.006, half * 0.975 + 0.006
    bays = 6 if build.fine else 1
    edges = np.linspace(rear + 0.4, front - 0.45, bays + 1)
    stripe = tuple(0.6 * c for c in build.paint)
    items = [
        shell,
        *(_side_pane((a + 0.06, b - 0.06), y_low, (sill, top), y_top) for a, b in itertools.pairwise(edges)),
        _end_pane(front + 0.012, half * 0.90, (0.36 * height, 0.86 * height)),
        _end_pane(rear - 0.012, half * 0.80, (0.50 * height, 0.80 * height)),
        both_sides(box((rear + 0.3, half - 0.06, 0.38), (front - 0.3, half + 0.005, 0.55), stripe)),
        box((front - 0.1, -half * 0.95, 0.34), (front + 0.02, half * 0.95, 0.60), parts.TRIM),
        box((rear - 0.02, -half * 0.95, 0.34), (rear + 0.1, half * 0.95, 0.60), parts.TRIM),
        box((front - 0.2, -0.6, 0.865 * height), (front - 0.02, 0.6, 0.92 * height), (212.0, 140.0, 40.0)),
        box((rear - 0.015, -half * 0.5, 0.27 * height), (rear + 0.1, half * 0.5, 0.42 * height), parts.TRIM),
        parts.number_plate(rear - 0.02, 0.47),
        parts.number_plate(front + 0.02, 0.47),
        slab(
            [
                (rear + 1.5, height - 0.1),
                (rear + 4.6, height - 0.1),
                (rear + 4.2, height + 0.1),
                (rear + 1.7, height + 0.1),
            ],
            half * 0.55,
            0.05,
            build.paint,
        ),
    ]
    head = box((front - 0.1, 0.60 * half, 0.64), (front + 0.03, 0.88 * half, 0.82), (255, 255, 255))
    turn = box((front - 0.1, 0.885 * half, 0.64), (front + 0.02, 0.96 * half, 0.82), (255, 255, 255))
    tail = box((rear - 0.025, 0.72 * half, 0.74), (rear + 0.05, 0.93 * half, 1.12), (255, 255, 255))
    rear_turn = box((rear - 0.025, 0.72 * half, 1.14), (rear + 0.05, 0.93 * half, 1.28), (255, 255, 255))
    return VehicleParts(
        body=parts.paint_body(items, height),
        overhang=both_sides(
            box(
                (front + 0.02, half * 0.9, 0.62 * height),
                (front + 0.14, half + 0.2, 0.78 * height),
                parts.TRIM,
            )
        ),
        axles=_axles((front - 2.7, rear + 3.2), half * 1.012, build),
        lamps=(
            *parts.lamp_pair("head", LampKind.HEAD, head),
            *parts.lamp_pair("front_turn", LampKind.LEFT, turn),
            *parts.lamp_pair("tail", LampKind.TAIL, tail),
            *parts.lamp_pair("rear_turn", LampKind.LEFT, rear_turn),
        ),
    )
