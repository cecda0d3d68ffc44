"""A motorcycle with its rider, a police car, and a car on its roof."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import car_shapes, parts
from .cars import CarLoft
from .mesh import Mesh, both_sides, join
from .parts import RGB, Axle, Build, Detail, LampGlass, LampKind, VehicleParts
from .riders import ball, bar
from .shapes import box, wheel

_LEATHER: RGB = (44.0, 46.0, 52.0)
_HELMET: RGB = (214.0, 214.0, 210.0)
_WHITE: RGB = (232.0, 234.0, 236.0)
_BLUE: RGB = (28.0, 74.0, 176.0)
_UNDERBODY: RGB = (52.0, 52.0, 54.0)
_BAR_HEIGHT = 0.13  # of the light bar on the roof [m]


def motorcycle(build: Build) -> VehicleParts:
    """Build a motorcycle with a rider who leans forward."""
    length, width, height = build.length, build.width, build.height
    radius = 0.32
    front, rear = length / 2.0 - radius, -length / 2.0 + radius
    sides = {Detail.NEAR: 8, Detail.FAR: 6, Detail.DISTANT: 4}[build.detail]
    half, top = width / 2.0, height
    hip, shoulder = (-0.22, 0.82), (0.02, top - 0.30)
    grip = (front - 0.28, 1.0)
    tank = box((-0.1, -0.17, 0.55), (0.38, 0.17, 0.86), build.paint)
    tail = box((rear - 0.1, -0.13, 0.62), (-0.1, 0.13, 0.80), build.paint)
    engine = box((-0.28, -0.19, 0.26), (0.32, 0.19, 0.58), parts.TRIM)
    fairing = box((0.36, -0.2, 0.62), (front - 0.12, 0.2, 1.02), build.paint)
    handlebar = both_sides(box((grip[0] - 0.03, half - 0.14, 0.98), (grip[0] + 0.03, half, 1.04), parts.TRIM))
    rider = [
        bar((hip[0], 0.0, hip[1]), (shoulder[0], 0.0, shoulder[1]), (0.17, 0.21), _LEATHER, sides),
        ball((0.12, 0.0, top - 0.135), 0.142, _HELMET),
        both_sides(bar((shoulder[0], 0.19, shoulder[1] - 0.02), (grip[0], half - 0.1, 1.02),
                       (0.07, 0.05), _LEATHER, sides)),
        both_sides(bar((hip[0], 0.13, hip[1]), (0.22, 0.23, 0.66), (0.10, 0.08), _LEATHER, sides)),
        both_sides(bar((0.22, 0.23, 0.66), (-0.12, 0.22, 0.28), (0.075, 0.06), _LEATHER, sides)),
    ]  # fmt: skip
    fork = both_sides(bar((front, 0.09, radius), (grip[0], 0.09, 0.95), (0.035, 0.035), parts.CHROME, 4))
    plate = parts.number_plate(rear - 0.12, 0.60)
    extra = (fork, plate) if build.detail is not Detail.DISTANT else ()
    body = join((tank, tail, engine, fairing, handlebar, *rider, *extra))
    head = box((front - 0.2, -0.09, 0.80), (front - 0.08, 0.09, 0.94), (255.0, 255.0, 255.0))
    stop = box((rear - 0.14, -0.1, 0.70), (rear - 0.04, 0.1, 0.78), (255.0, 255.0, 255.0))
    turn = box((rear - 0.12, 0.14, 0.66), (rear - 0.05, 0.22, 0.72), (255.0, 255.0, 255.0))
    single = wheel(radius, 0.15, {Detail.NEAR: 12, Detail.FAR: 8, Detail.DISTANT: 6}[build.detail],
                   parts.TYRE, (parts.RIM, parts.RIM_DARK))  # fmt: skip
    both_faces = join((single, single.mirrored()))
    return VehicleParts(
        body=_with_extent(body, build),
        overhang=both_sides(
            box((grip[0], half - 0.06, 1.08), (grip[0] + 0.04, half + 0.04, 1.18), parts.TRIM)
        ),
        axles=(Axle(front, radius, both_faces), Axle(rear, radius, both_faces)),
        lamps=(
            LampGlass("head", LampKind.HEAD, head),
            LampGlass("tail", LampKind.TAIL, stop),
            *parts.lamp_pair("rear_turn", LampKind.LEFT, turn),
        ),
    )


def _with_extent(body: Mesh, build: Build) -> Mesh:
    """Add mudguards that end where the wheels do, so that the body is as long as the vehicle."""
    half = build.length / 2.0
    guards = [
        box((half - 0.36, -0.06, 0.5), (half, 0.06, 0.55), build.paint),
        box((-half, -0.06, 0.5), (-half + 0.4, 0.06, 0.55), parts.TRIM),
    ]
    return join((body, *guards))


def police_car(build: Build) -> VehicleParts:
    """Build a white estate with a blue band and a light bar on its roof."""
    body = CarLoft(car_shapes.ESTATE, replace(build, height=build.height - _BAR_HEIGHT, paint=_WHITE)).parts()
    half, low = build.width / 2.0, build.height - _BAR_HEIGHT
    band = both_sides(
        box((-0.40 * build.length, half - 0.05, 0.36 * low), (0.34 * build.length, half + 0.004, 0.50 * low),
            _BLUE)
    )  # fmt: skip
    tailgate = box(
        (-0.505 * build.length, -0.7 * half, 0.40 * low),
        (-0.45 * build.length, 0.7 * half, 0.50 * low),
        _BLUE,
    )
    mount = box((-0.32, -0.52, low - 0.03), (0.02, 0.52, low + 0.03), parts.TRIM)
    glass = box((-0.35, 0.06, low + 0.02), (0.05, 0.56, build.height), (255.0, 255.0, 255.0))
    return replace(
        body,
        body=join((body.body, band, tailgate, mount)),
        lamps=(*body.lamps, *parts.lamp_pair("blue", LampKind.BLUE, glass)),
    )


def overturned_car(build: Build) -> VehicleParts:
    """Build a sedan that lies on its roof."""
    upright = CarLoft(car_shapes.SEDAN, build).parts()
    low = 0.16 * build.height
    end, side = 0.44 * build.length, 0.40 * build.width
    floor = box((-end, -side, low), (end, side, low + 0.05), _UNDERBODY)
    wheels = [axle.mesh.moved((axle.x, 0.0, axle.radius)) for axle in upright.axles]
    return VehicleParts(
        body=_flipped(join((upright.body, floor, *wheels)), build.height),
        overhang=_flipped(upright.overhang, build.height),
        axles=(),
        lamps=tuple(replace(glass, mesh=_flipped(glass.mesh, build.height)) for glass in upright.lamps),
    )


def _flipped(mesh: Mesh, height: float) -> Mesh:
    """Return a mesh turned by half a turn about its long axis, onto its roof at ``height`` [m]."""
    turned = mesh.points * np.array([1.0, -1.0, -1.0])
    return Mesh(turned + np.array([0.0, 0.0, height]), mesh.colours)
