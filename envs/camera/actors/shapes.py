"""Solid shapes to build actors from. All faces point outward."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from drive_stack.types import FloatArray

from .mesh import Mesh, join, triangles


def grid(points: FloatArray, colour: ArrayLike, cells: NDArray[np.bool_] | None = None) -> Mesh:
    """Build a surface over ``points`` (R, C, 3) that faces (along columns) × (along rows).

    ``cells`` (R − 1, C − 1) selects its quads; None selects all.
    """
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    keep = np.ones(a.shape, dtype=bool) if cells is None else cells
    faces = np.stack([a, b, c, a, c, d], axis=-1)[keep].reshape(-1, 3)
    return triangles(points.reshape(-1, 3), faces, colour)


def fan(points: FloatArray, colour: ArrayLike) -> Mesh:
    """Build a convex polygon (N, 3), counter-clockwise as seen from outside."""
    count = len(points)
    return triangles(points, [(0, i, i + 1) for i in range(1, count - 1)], colour)


def prism(lower: FloatArray, upper: FloatArray, colour: ArrayLike) -> Mesh:
    """Build a solid between two polygons (N, 3), both counter-clockwise as seen from above."""
    walls = grid(np.stack([np.vstack([lower, lower[:1]]), np.vstack([upper, upper[:1]])]), colour)
    return join((walls, fan(upper, colour), fan(lower[::-1], colour)))


def box(low: Sequence[float], high: Sequence[float], colour: ArrayLike) -> Mesh:
    """Build a box between its minimum and maximum corner."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    base = np.array([[x0, y0, z0], [x1, y0, z0], [x1, y1, z0], [x0, y1, z0]], dtype=float)
    return prism(base, base + np.array([0.0, 0.0, z1 - z0]), colour)


def slab(
    profile: ArrayLike, half_width: float, bevel: float, colour: ArrayLike, *, taper: float = 0.0
) -> Mesh:
    """Extrude a convex side view over the width, with bevelled long edges.

    ``profile`` (N, 2) of x, z runs counter-clockwise as seen from the right (x to the right, z up).
    ``taper`` is the fraction of the half width by which the top is narrower.
    """
    outline = np.asarray(profile, dtype=float)
    low, high = outline.min(axis=0), outline.max(axis=0)
    centre = (low + high) / 2.0
    inset = centre + (outline - centre) * np.maximum(1.0 - 2.0 * bevel / (high - low), 0.0)
    rings = []
    for view, y in (
        (inset, half_width),
        (outline, half_width - bevel),
        (outline, bevel - half_width),
        (inset, -half_width),
    ):
        narrowing = 1.0 - taper * (view[:, 1] - low[1]) / (high[1] - low[1])
        rings.append(np.column_stack([view[:, 0], y * narrowing, view[:, 1]]))
    closed = np.stack([np.vstack([ring, ring[:1]]) for ring in rings])
    return join((grid(closed, colour), fan(rings[0][::-1], colour), fan(rings[-1], colour)))


def rounded_profile(x0: float, x1: float, z0: float, z1: float, radii: Sequence[float]) -> FloatArray:
    """Return a rectangle with cut corners for `slab`; radii from front bottom over the top to rear bottom."""
    corners = ((x1, z0, -1, 1), (x1, z1, -1, -1), (x0, z1, 1, -1), (x0, z0, 1, 1))
    points: list[tuple[float, float]] = []
    for k, ((x, z, sx, sz), radius) in enumerate(zip(corners, radii, strict=True)):
        if radius <= 0.0:
            points.append((x, z))
            continue
        along_x, centre, along_z = (
            (x + sx * radius, z),
            (x + sx * radius * 0.29, z + sz * radius * 0.29),
            (x, z + sz * radius),
        )
        points += [along_x, centre, along_z] if k % 2 == 0 else [along_z, centre, along_x]
    return np.array(points)


def tube(rings: FloatArray, colour: ArrayLike, *, caps: tuple[bool, bool] = (True, True)) -> Mesh:
    """Build a surface over rings (R, K, 3), each counter-clockwise as seen from the last ring's side."""
    closed = np.concatenate([rings, rings[:, :1]], axis=1)
    parts = [grid(closed, colour)]
    if caps[0]:
        parts.append(fan(rings[0][::-1], colour))
    if caps[1]:
        parts.append(fan(rings[-1], colour))
    return join(parts)


def ellipses(
    sides: int, heights: ArrayLike, depths: ArrayLike, widths: ArrayLike, forward: ArrayLike = 0.0
) -> FloatArray:
    """Return horizontal rings (R, sides, 3) for `tube`: half depths in x, half widths in y, centres in x."""
    z, depth, width, x = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (heights, depths, widths, forward))
    )
    angle = (np.arange(sides) + 0.5) * 2.0 * np.pi / sides
    return np.stack(
        [
            x[:, None] + depth[:, None] * np.cos(angle),
            width[:, None] * np.sin(angle),
            np.broadcast_to(z[:, None], (len(z), sides)),
        ],
        axis=-1,
    )


def along_x(rings: FloatArray) -> FloatArray:
    """Rotate rings that are stacked upward so that they are stacked forward (x ← z, z ← −x)."""
    return np.stack([rings[..., 2], rings[..., 1], -rings[..., 0]], axis=-1)


def wheel(
    radius: float, width: float, sides: int, tyre: ArrayLike, rims: tuple[ArrayLike, ArrayLike]
) -> Mesh:
    """Build a wheel's tread and left (outer) face at the origin; spokes alternate between two colours."""
    angle = np.arange(sides) * 2.0 * np.pi / sides
    circle = np.stack([np.cos(angle), np.zeros(sides), -np.sin(angle)], axis=1)
    out = np.array([0.0, width / 2.0, 0.0])
    inner, shoulder = circle * radius - out, circle * radius + out
    rim = circle * radius * 0.66 + out * 0.92
    skin = tube(np.stack([inner, shoulder, rim]), tyre, caps=(False, False))
    hub = out * 0.75
    spokes = [
        triangles(np.stack([hub, rim[k], rim[(k + 1) % sides]]), [(0, 1, 2)], rims[k % 2])
        for k in range(sides)
    ]
    return join((skin, *spokes))
