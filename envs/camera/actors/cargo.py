"""Pieces of cargo that lie on the road."""

from __future__ import annotations

import numpy as np

from .mesh import Mesh, both_sides, join
from .shapes import box, ellipses, slab, tube

_CARDBOARD, _TAPE, _RIM = (166.0, 138.0, 104.0), (206.0, 186.0, 150.0), (118.0, 96.0, 70.0)
_RUBBER, _TREAD, _HOLE = (38.0, 38.0, 40.0), (54.0, 54.0, 56.0), (18.0, 18.0, 19.0)
_ALUMINIUM, _FEET = (186.0, 190.0, 194.0), (40.0, 42.0, 46.0)
_FABRIC, _STRIPE, _PIPING = (222.0, 218.0, 206.0), (150.0, 170.0, 196.0), (120.0, 128.0, 140.0)
_RUNGS = 10
_STRIPES = 7


def crate(length: float, width: float, height: float) -> Mesh:
    """Build a cardboard box with tape along its top and darker edges at the ground."""
    half, side = length / 2.0, width / 2.0
    strip = 0.08 * width
    return join((
        box((-half, -side, 0.0), (half, side, 0.06 * height), _RIM),
        box((-half, -side, 0.06 * height), (half, side, 0.99 * height), _CARDBOARD),
        box((-half, -strip, 0.6 * height), (half, strip, height), _TAPE),
    ))  # fmt: skip


def tyre(length: float, width: float, height: float) -> Mesh:
    """Build a tyre that lies flat."""
    levels = np.array([0.0, 0.2, 0.5, 0.8, 1.0, 1.0, 0.75, 0.3]) * height
    radii = np.array([0.90, 0.98, 1.0, 0.98, 0.90, 0.66, 0.58, 0.58])
    rings = ellipses(16, levels, radii * length / 2.0, radii * width / 2.0)
    tread = tube(rings[:5], _TREAD, caps=(True, False))
    inside = tube(rings[4:], _RUBBER, caps=(False, False))
    floor = tube(rings[6:], _HOLE, caps=(False, True))
    return join((tread, inside, floor))


def ladder(length: float, width: float, height: float) -> Mesh:
    """Build an aluminium ladder that lies flat."""
    half, side, rail = length / 2.0, width / 2.0, 0.14 * width
    rails = both_sides(box((-half, side - rail, 0.0), (half, side, height), _ALUMINIUM))
    feet = both_sides(box((-half, side - rail, 0.0), (-half + 0.03 * length, side, height), _FEET))
    rungs = [
        box((x - 0.02, rail - side, 0.3 * height), (x + 0.02, side - rail, 0.8 * height), _ALUMINIUM)
        for x in np.linspace(-half, half, _RUNGS + 2)[1:-1]
    ]
    return join((feet, rails, *rungs))


def mattress(length: float, width: float, height: float) -> Mesh:
    """Build a striped mattress that lies flat."""
    half = length / 2.0
    edges = np.linspace(-half, half, 2 * _STRIPES)
    bevel = 0.35 * height
    profile = [(-half, 0.0), (half, 0.0), (half, height), (-half, height)]
    body = slab(profile, width / 2.0, bevel, _FABRIC)
    stripes = [
        box((low, bevel - width / 2.0, 0.9 * height), (high, width / 2.0 - bevel, 1.005 * height), _STRIPE)
        for low, high in zip(edges[1::2], edges[2::2], strict=False)
    ]
    seam = box((-half, -width / 2.0, 0.42 * height), (half, width / 2.0, 0.56 * height), _PIPING)
    return join((body, *stripes, seam))
