"""Hulls of bodies that are a few pixels large: a stack of frustums with the mean colour of each side."""

from __future__ import annotations

import itertools

import numpy as np

from drive_stack.types import FloatArray

from .mesh import Mesh, join
from .shapes import fan

_LEVELS = (0.0, 0.2, 0.5, 0.68, 1.0)  # limits of the frustums, as fractions of the height
_TOP_SECTION = 0.95  # height of the section that is taken for the top, as roofs are round
_SIDES = ((1, -1.0), (0, 1.0), (1, 1.0), (0, -1.0), (2, 1.0))  # axis and sign of the walls and the roof
_SAMPLES = 12  # along each edge of a side


def hull(mesh: Mesh) -> Mesh:
    """Return a hull of ``mesh``: frustums that are at their ends as long and wide as the body is there.

    Each side reflects as much light as what is seen of the body from that side does on average.
    """
    low, high = mesh.bounds
    height = high[2] - low[2]
    levels = (low[2] + np.array(_LEVELS) * height).tolist()
    # wheels narrow towards the ground, so the lowest part is as wide as the body is anywhere in it
    sections = [_extent(mesh, levels[0], levels[1]), *(_extent(mesh, z, z) for z in levels[1:-1])]
    sections.append(_extent(mesh, low[2] + _TOP_SECTION * height, high[2]))
    rings = [np.array([[a[0], a[1], z], [b[0], b[1], z]]) for (a, b), z in zip(sections, levels, strict=True)]
    made = join(_frustum(mesh, lower, upper) for lower, upper in itertools.pairwise(rings))
    return _stretched(made, low, high)


def _stretched(mesh: Mesh, low: FloatArray, high: FloatArray) -> Mesh:
    """Return a mesh stretched to fill the box between two corners (3,): bodies bulge between the levels."""
    own_low, own_high = mesh.bounds
    scale = (high - low) / (own_high - own_low)
    return mesh.fitted(scale, low - scale * own_low)


def _frustum(mesh: Mesh, lower: FloatArray, upper: FloatArray) -> Mesh:
    """Return the walls and the roof between two rectangles, given by opposite corners (2, 3)."""
    bottom, roof = _rectangle(lower), _rectangle(upper)
    z = mesh.points[..., 2]
    inside = (z.max(axis=1) > lower[0, 2]) & (z.min(axis=1) < upper[0, 2])
    part = Mesh(mesh.points[inside], mesh.colours[inside])
    faces = [np.stack([bottom[k], bottom[k - 3], roof[k - 3], roof[k]]) for k in range(4)]
    return join(
        fan(face, _seen_colour(part, axis, sign, face))
        for face, (axis, sign) in zip((*faces, roof), _SIDES, strict=True)
    )


def _rectangle(corners: FloatArray) -> FloatArray:
    """Return the corners (4, 3) counter-clockwise as seen from above."""
    (x0, y0, z), (x1, y1, _) = corners
    return np.array([[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]])


def _extent(mesh: Mesh, bottom: float, top: float) -> tuple[FloatArray, FloatArray]:
    """Return the minimum and maximum corner of a body between two heights [m]."""
    start, end = mesh.points, np.roll(mesh.points, -1, axis=1)
    points = [start[(start[..., 2] >= bottom) & (start[..., 2] <= top)]]
    for level in (bottom, top):
        crossing = (start[..., 2] - level) * (end[..., 2] - level) < 0.0
        rise = np.where(crossing, end[..., 2] - start[..., 2], 1.0)
        fraction = ((level - start[..., 2]) / rise)[crossing]
        points.append(start[crossing] + fraction[:, None] * (end - start)[crossing])
    joined = np.concatenate(points)
    return joined.min(axis=0), joined.max(axis=0)


def _seen_colour(mesh: Mesh, axis: int, sign: float, side: FloatArray) -> FloatArray:
    """Return the mean colour (3,) of the faces of ``mesh`` that are seen along an axis within a rectangle.

    ``side`` (N, 3) holds the rectangle's corners. Reflectances, which are squares of colours, are averaged.
    """
    first, second = (other for other in range(3) if other != axis)
    facing = mesh.facing(lambda normals: sign * normals[:, axis] > 0.05)
    if facing.triangles == 0:
        return np.asarray(np.sqrt((mesh.colours**2).mean(axis=(0, 1))))
    steps = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    low, high = side.min(axis=0), side.max(axis=0)
    u = low[first] + steps * (high[first] - low[first])
    v = low[second] + steps * (high[second] - low[second])
    grid = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)
    a, b, c = np.moveaxis(facing.points[..., (first, second)], 1, 0)  # (T, 2) each
    weights = _barycentric(grid[:, None], a, b, c)  # (S, T, 3)
    covers = np.asarray((weights >= 0.0).all(axis=2))
    depth = np.where(covers, sign * (weights * facing.points[..., axis]).sum(axis=2), -np.inf)
    nearest = depth.argmax(axis=1)
    hit = covers[np.arange(len(grid)), nearest]
    reflectance = (facing.colours**2).mean(axis=1)
    seen = reflectance[nearest[hit]] if hit.any() else reflectance
    return np.asarray(np.sqrt(seen.mean(axis=0)))


def _barycentric(points: FloatArray, a: FloatArray, b: FloatArray, c: FloatArray) -> FloatArray:
    """Return the weights (…, 3) of the corners ``a``, ``b`` and ``c`` (T, 2) at ``points`` (…, 2)."""
    area = _cross(b - a, c - a)
    of_b, of_c = _cross(points - a, c - a) / area, _cross(b - a, points - a) / area
    return np.stack([1.0 - of_b - of_c, of_b, of_c], axis=-1)


def _cross(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])
