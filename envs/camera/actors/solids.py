"""Solids of random form and colours, from which detectors learn to detect what they have no class for.

A solid is a union of one to four parts that penetrate each other. Classes that are held out of training must
not be imitated, so the parts obey two rules:

- Every part spans at least a fifth of the solid along each axis. The legs of an animal, the frame of a cycle
  and the rungs of a ladder are thinner, and no part is a ring.
- No solid is a single cuboid or disc, which would be a box, a mattress or a tyre: one part alone has another
  form, and of several parts each further one stands out of the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from drive_stack.types import FloatArray

from .mesh import Mesh, join
from .shapes import ellipses, tube


class Form(Enum):
    """Form of one part before it is stretched and turned."""

    BOX = "box"
    CYLINDER = "cylinder"  # or the frustum of a cone
    ELLIPSOID = "ellipsoid"
    WEDGE = "wedge"
    BLOB = "blob"  # an ellipsoid with dents


_SINGLE = (Form.ELLIPSOID, Form.WEDGE, Form.BLOB)  # forms that may be alone
_MAX_PARTS = 4
_MIN_HALF_SIZE = 0.5  # of a part, in relation to the longest possible one
_REACH = (0.75, 0.95)  # of a further part's centre towards the surface of the first
_RINGS, _ROUND, _SQUARE = 9, 10, 4  # rings of a part, corners of a ring
_MIN_PROTRUSION = 0.15  # of a further part out of the first
_DENT = 0.2  # of a blob, relative to its radius
_ASPHALT_TONES, _DARK_TONES, _PALE_TONES = (70.0, 115.0), (18.0, 60.0), (180.0, 230.0)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a solid, in units that are stretched to its size."""

    form: Form
    mesh: Mesh


def build_solid(form: int, length: float, width: float, height: float) -> Mesh:
    """Build the solid of a seed ``form``, which fills ``length × width × height`` [m].

    Its origin is on the ground below its centre.
    """
    mesh = join(part.mesh for part in draw_parts(form))
    low, high = mesh.bounds
    scale = np.array([length, width, height]) / (high - low)
    centre = np.array([(low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0, low[2]])
    return mesh.fitted(scale, -centre * scale)


def draw_parts(form: int) -> tuple[Part, ...]:
    """Draw the parts of the solid of a seed ``form``."""
    rng = np.random.default_rng(form)
    count = int(rng.integers(1, _MAX_PARTS + 1))
    choices = _SINGLE if count == 1 else tuple(Form)
    is_uniform, paint = bool(rng.random() < 0.4), _draw_paint(rng)
    parts: list[Part] = []
    for _ in range(count):
        kind = choices[int(rng.integers(len(choices)))]
        mesh = _painted(_draw_mesh(kind, rng), paint if is_uniform else _draw_paint(rng), rng)
        half = rng.uniform(_MIN_HALF_SIZE, 1.0, 3)
        mesh = Mesh((mesh.points * half) @ _draw_rotation(rng).T, mesh.colours)
        direction, reach = _draw_direction(rng), rng.uniform(*_REACH)
        if parts:
            surface, own = (float((m.points @ direction).max()) for m in (parts[0].mesh, mesh))
            mesh = mesh.moved(max(reach * surface, surface - own + _MIN_PROTRUSION) * direction)
        parts.append(Part(kind, mesh))
    return tuple(parts)


def _draw_mesh(form: Form, rng: np.random.Generator) -> Mesh:
    """Draw a part that fills about −1 … 1 along each axis."""
    levels = np.linspace(-1.0, 1.0, _RINGS)
    depth = width = np.ones(_RINGS)
    if form is Form.CYLINDER:
        depth = width = np.linspace(1.0, rng.uniform(0.5, 1.0), _RINGS)
    elif form in (Form.ELLIPSOID, Form.BLOB):
        levels = np.sin(0.5 * np.pi * levels)  # rings are closer where the surface turns
        depth = width = np.sqrt(np.maximum(1.0 - levels**2, 1e-4))
    elif form is Form.WEDGE:
        depth = np.linspace(1.0, 0.05, _RINGS)
    is_square = form in (Form.BOX, Form.WEDGE)
    # the corners of a square are farther from its centre than its sides
    corner = np.sqrt(2.0) if is_square else 1.0
    rings = ellipses(_SQUARE if is_square else _ROUND, levels, corner * depth, corner * width)
    if form is Form.BLOB:
        rings = rings * rng.uniform(1.0 - _DENT, 1.0 + _DENT, (*rings.shape[:2], 1))
    return tube(rings, np.zeros(3))


def _draw_rotation(rng: np.random.Generator) -> FloatArray:
    """Draw a rotation matrix (3, 3): upright in half of the cases, else any."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    about_z = np.array([
        [np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0],
    ])  # fmt: skip
    axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    if rng.random() < 0.5:
        return about_z
    return np.asarray(axes * np.sign(np.linalg.det(axes)))  # no reflection: faces stay outside


def _draw_direction(rng: np.random.Generator) -> FloatArray:
    """Draw a unit vector (3,)."""
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


@dataclass(frozen=True, slots=True)
class _Paint:
    """Two colours and how they cover a part."""

    first: FloatArray  # (3,) RGB
    second: FloatArray  # (3,) RGB
    pattern: str  # plain, bands, patches or graded
    bands: float  # number of bands on a part
    axis: FloatArray  # (3,) along which bands follow one another


def _draw_paint(rng: np.random.Generator) -> _Paint:
    pattern = str(rng.choice(("plain", "bands", "patches", "graded"), p=(0.4, 0.3, 0.15, 0.15)))
    return _Paint(_draw_colour(rng), _draw_colour(rng), pattern, rng.uniform(2.0, 8.0), _draw_direction(rng))


def _draw_colour(rng: np.random.Generator) -> FloatArray:
    """Draw a colour (3,): any, or that of asphalt, dark or pale."""
    if rng.random() < 0.5:
        return rng.uniform(12.0, 245.0, 3)
    tones = (_ASPHALT_TONES, _DARK_TONES, _PALE_TONES)[int(rng.integers(3))]
    return np.asarray(rng.uniform(*tones) * rng.uniform(0.94, 1.06, 3))


def _painted(mesh: Mesh, paint: _Paint, rng: np.random.Generator) -> Mesh:
    """Return a part of −1 … 1 in its colours, which differ from triangle to triangle."""
    along = mesh.points.mean(axis=1) @ paint.axis
    if paint.pattern == "bands":
        weight = np.floor((along + 2.0) * paint.bands / 2.0) % 2.0
    elif paint.pattern == "patches":
        weight = rng.integers(0, 2, mesh.triangles).astype(np.float64)
    elif paint.pattern == "graded":
        weight = np.clip((along + 1.0) / 2.0, 0.0, 1.0)
    else:
        weight = np.zeros(mesh.triangles)
    colours = paint.first + weight[:, None] * (paint.second - paint.first)
    return Mesh(mesh.points, np.repeat(colours[:, None], 3, axis=1))
