"""Meshes of vehicles as packed arrays, one for each level of detail.

Traffic has vehicles of every size and paint. A body's mesh is built once for each of a few sizes, then
stretched and painted for each vehicle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import FloatArray

from ...bodies import BODIES
from .hull import hull
from .lamps import DARK_GLASS, LAMPS
from .mesh import CREASE_DEG, Mesh, corner_normals, join, to_reflectance
from .parts import Detail, LampGlass, LampKind, VehicleParts
from .vehicles import vehicle_parts

_DISTANT_CREASE_DEG = 80.0
_LIT_OFFSET = 0.03  # distance of lit glass from the dark glass of a distant body [m]
_SIZES = (3, 1, 2)  # number of lengths, widths and heights for which a body is built
_PAINTS = (0, 127.5, 255)  # grey values at which it is built


@dataclass(frozen=True, slots=True)
class VehicleMesh:
    """One vehicle: origin on the ground at the body's centre, x forward, y left, z up [m].

    ``lamp`` is 0 for vertices of the body, else 1 + the index of the lamp's kind in `LAMPS`: these shine in
    the lamp's colour while it is lit. ``only_lit`` marks the triangles that are drawn only while their lamp
    is lit.
    """

    points: NDArray[np.float32]  # (V, 3)
    normals: NDArray[np.float32]  # (V, 3), of unit length
    reflectance: NDArray[np.float32]  # (V, 3) RGB 0 … 255
    lamp: NDArray[np.uint8]  # (V,)
    triangles: NDArray[np.uint32]  # (T, 3)
    only_lit: NDArray[np.bool_]  # (T,)


@lru_cache(maxsize=256)
def vehicle_mesh(
    body_index: int,
    colour: tuple[int, int, int],
    length: float,
    width: float,
    height: float,
    detail: Detail,
) -> VehicleMesh:
    """Build a vehicle of the body ``envs.bodies.BODIES[body_index]``, ``length × width × height`` [m].

    The mesh is that of the nearest built size, stretched, wheels too, by less than a tenth.
    """
    size = (length, width, height)
    built = nearest_size(body_index, size)
    template = _template(body_index, built, detail)
    scale = np.array(size) / np.array(built)
    normals = template.normals / scale
    paint = np.array(colour) / 255.0
    reflectance = template.constant + paint * (template.linear + paint * template.quadratic)
    return VehicleMesh(
        np.ascontiguousarray(template.points * scale, dtype=np.float32),
        np.ascontiguousarray(normals / np.linalg.norm(normals, axis=1, keepdims=True), dtype=np.float32),
        np.ascontiguousarray(np.round(reflectance), dtype=np.float32),
        template.lamp,
        template.triangles,
        template.only_lit,
    )


def nearest_size(body_index: int, size: tuple[float, float, float]) -> tuple[float, float, float]:
    """The length, width and height [m] for which a body is built that are nearest to ``size``.

    Each range in `BODIES` is divided into as many equal parts as `_SIZES` says; the middles are built.
    """
    body = BODIES[body_index]
    built = []
    for value, (low, high), count in zip(size, (body.length, body.width, body.height), _SIZES, strict=True):
        step = (high - low) / count
        part = min(max(int((value - low) // step), 0), count - 1)
        built.append(low + (part + 0.5) * step)
    length, width, height = built
    return length, width, height


@dataclass(frozen=True, slots=True)
class _Template:
    """A body of one size in every paint.

    Colours are linear in the paint's and reflectances are their squares, so each channel of a reflectance
    is ``constant + p · linear + p² · quadratic``, with the paint's channel p in 0 … 1.
    """

    points: FloatArray  # (V, 3)
    normals: FloatArray  # (V, 3)
    constant: FloatArray  # (V, 3)
    linear: FloatArray  # (V, 3)
    quadratic: FloatArray  # (V, 3)
    lamp: NDArray[np.uint8]  # (V,)
    triangles: NDArray[np.uint32]  # (T, 3)
    only_lit: NDArray[np.bool_]  # (T,)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a vehicle whose vertices have the same role."""

    mesh: Mesh
    crease_deg: float = CREASE_DEG
    lamp: int = 0
    only_lit: bool = False


@lru_cache(maxsize=512)
def _template(body_index: int, size: tuple[float, float, float], detail: Detail) -> _Template:
    built = Detail.DISTANT if detail is Detail.REMOTE else detail
    pieces = []
    for grey in _PAINTS:
        made = vehicle_parts(body_index, (grey, grey, grey), *size, detail=built)
        pieces.append(_remote(made) if detail is Detail.REMOTE else _parts(made, detail))
    return _joined([_packed(same) for same in zip(*pieces, strict=True) if same[0].mesh.triangles])


def _parts(made: VehicleParts, detail: Detail) -> list[_Piece]:
    """Return lamps and body. Lamps lie directly on the body: the first drawn wins, so lamps come first."""
    distant = detail is Detail.DISTANT
    pieces = [_lamp(made.lamps, kind, distant=distant) for kind in LAMPS]
    if distant:
        pieces.append(_Piece(join(_dark(glass) for glass in made.lamps)))
    pieces.append(_Piece(_body(made, detail), _DISTANT_CREASE_DEG if distant else CREASE_DEG))
    return pieces


def _remote(made: VehicleParts) -> list[_Piece]:
    """Return a hull, and lit glass at its ends."""
    body = hull(join([_body(made, Detail.REMOTE), *(_dark(glass) for glass in made.lamps)]))
    (rear, _, _), (front, _, _) = body.bounds
    lamps = [_moved_to_end(glass, float(rear), float(front)) for glass in made.lamps]
    return [*(_lamp(lamps, kind, distant=True) for kind in LAMPS), _Piece(body)]


def _dark(glass: LampGlass) -> Mesh:
    """Return dark glass of a distant body."""
    return _outward(glass).coloured(255.0 * np.array(DARK_GLASS[glass.kind]))


def _moved_to_end(glass: LampGlass, rear: float, front: float) -> LampGlass:
    """Return a lamp at the end of the body that it is nearer to; blue lights stay on the roof."""
    if glass.kind is LampKind.BLUE:
        return glass
    (low, _, _), (high, _, _) = glass.mesh.bounds
    offset = front - high if low + high > 0.0 else rear - low
    return replace(glass, mesh=glass.mesh.moved((offset, 0.0, 0.0)))


def _body(made: VehicleParts, detail: Detail) -> Mesh:
    meshes = [made.body, *(axle.mesh.moved((axle.x, 0.0, axle.radius)) for axle in made.axles)]
    if detail is Detail.NEAR:
        meshes.append(made.overhang)
    return join(meshes).seen_from_above()


def _lamp(lamps: Sequence[LampGlass], kind: LampKind, *, distant: bool) -> _Piece:
    """Return the glass of all lamps of a kind. A distant body has dark glass of its own beneath it."""
    own = [glass for glass in lamps if glass.kind is kind]
    meshes = [_outward(glass, _LIT_OFFSET) if distant else glass.mesh for glass in own]
    mesh = join(meshes).coloured(255.0 * np.array(DARK_GLASS[kind]))
    return _Piece(mesh, lamp=1 + LAMPS.index(kind), only_lit=distant)


def _packed(pieces: Sequence[_Piece]) -> _Template:
    """Return a piece, given in each of the `_PAINTS`, as arrays in which equal corners share a vertex."""
    first = pieces[0]
    mesh = first.mesh
    normals: FloatArray = np.round(corner_normals(mesh.points, first.crease_deg).reshape(-1, 3), 4)
    black, grey, white = (
        255.0 * to_reflectance(piece.mesh.colours.reshape(-1, 3) / 255.0) for piece in pieces
    )
    corners: FloatArray = np.hstack([mesh.points.reshape(-1, 3), normals, black, grey, white])
    unique, index = np.unique(corners.round(5), axis=0, return_inverse=True)
    points, normals, black, grey, white = np.split(unique, 5, axis=1)
    quadratic = 2.0 * (black - 2.0 * grey + white)
    return _Template(
        points,
        normals,
        black,
        white - black - quadratic,
        quadratic,
        np.full(len(unique), first.lamp, dtype=np.uint8),
        index.reshape(-1, 3).astype(np.uint32),
        np.full(mesh.triangles, first.only_lit),
    )


def _joined(pieces: Sequence[_Template]) -> _Template:
    """Return all pieces as one, in order."""
    first = np.cumsum([0, *(len(piece.points) for piece in pieces)])
    return _Template(
        np.concatenate([piece.points for piece in pieces]),
        np.concatenate([piece.normals for piece in pieces]),
        np.concatenate([piece.constant for piece in pieces]),
        np.concatenate([piece.linear for piece in pieces]),
        np.concatenate([piece.quadratic for piece in pieces]),
        np.concatenate([piece.lamp for piece in pieces]),
        np.concatenate(
            [piece.triangles + np.uint32(start) for piece, start in zip(pieces, first[:-1], strict=True)]
        ),
        np.concatenate([piece.only_lit for piece in pieces]),
    )


def _outward(glass: LampGlass, offset: float = 0.0) -> Mesh:
    """Return a lamp's faces that point away from the vehicle's centre, moved outward by ``offset`` [m]."""
    low, high = glass.mesh.bounds
    outward = np.sign(low + high) * (1.0, 1.0, 0.0)
    return glass.mesh.facing(lambda normals: (normals * outward).max(axis=1) > 0.5).moved(offset * outward)
