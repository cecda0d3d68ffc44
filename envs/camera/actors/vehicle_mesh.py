"""Meshes of vehicles as packed arrays, one for each level of detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import FloatArray

from .hull import hull
from .lamps import DARK_GLASS, LAMPS
from .mesh import CREASE_DEG, Mesh, corner_normals, join, to_reflectance
from .parts import Detail, LampGlass, LampKind, VehicleParts
from .vehicles import vehicle_parts

_DISTANT_CREASE_DEG = 80.0
_LIT_OFFSET = 0.03  # distance of lit glass from the dark glass of a distant body [m]


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
    """Build a vehicle of the body ``envs.bodies.BODIES[body_index]``, ``length × width × height`` [m]."""
    built = Detail.DISTANT if detail is Detail.REMOTE else detail
    made = vehicle_parts(body_index, colour, length, width, height, detail=built)
    pieces = _remote(made) if detail is Detail.REMOTE else _parts(made, detail)
    return _joined([piece for piece in pieces if len(piece.triangles)])


def _parts(made: VehicleParts, detail: Detail) -> list[VehicleMesh]:
    """Return lamps and body. Lamps lie directly on the body: the first drawn wins, so lamps come first."""
    distant = detail is Detail.DISTANT
    pieces = [_lamp(made.lamps, kind, distant=distant) for kind in LAMPS]
    if distant:
        pieces.append(_packed(join(_dark(glass) for glass in made.lamps)))
    pieces.append(_packed(_body(made, detail), _DISTANT_CREASE_DEG if distant else CREASE_DEG))
    return pieces


def _remote(made: VehicleParts) -> list[VehicleMesh]:
    """Return a hull, and lit glass at its ends."""
    body = hull(join([_body(made, Detail.REMOTE), *(_dark(glass) for glass in made.lamps)]))
    (rear, _, _), (front, _, _) = body.bounds
    lamps = [_moved_to_end(glass, float(rear), float(front)) for glass in made.lamps]
    return [*(_lamp(lamps, kind, distant=True) for kind in LAMPS), _packed(body)]


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


def _lamp(lamps: Sequence[LampGlass], kind: LampKind, *, distant: bool) -> VehicleMesh:
    """Return the glass of all lamps of a kind. A distant body has dark glass of its own beneath it."""
    own = [glass for glass in lamps if glass.kind is kind]
    meshes = [_outward(glass, _LIT_OFFSET) if distant else glass.mesh for glass in own]
    mesh = join(meshes).coloured(255.0 * np.array(DARK_GLASS[kind]))
    return _packed(mesh, lamp=1 + LAMPS.index(kind), only_lit=distant)


def _packed(
    mesh: Mesh, crease_deg: float = CREASE_DEG, *, lamp: int = 0, only_lit: bool = False
) -> VehicleMesh:
    """Return a mesh as arrays in which equal corners share a vertex."""
    if mesh.triangles == 0:
        corners: FloatArray = np.zeros((0, 9))
    else:
        normals = np.round(corner_normals(mesh.points, crease_deg).reshape(-1, 3), 4)
        reflectance = np.round(255.0 * to_reflectance(mesh.colours.reshape(-1, 3) / 255.0))
        corners = np.hstack([mesh.points.reshape(-1, 3), normals, reflectance])
    unique, index = np.unique(np.ascontiguousarray(corners, dtype=np.float32), axis=0, return_inverse=True)
    return VehicleMesh(
        np.ascontiguousarray(unique[:, :3]),
        np.ascontiguousarray(unique[:, 3:6]),
        np.ascontiguousarray(unique[:, 6:]),
        np.full(len(unique), lamp, dtype=np.uint8),
        index.reshape(-1, 3).astype(np.uint32),
        np.full(mesh.triangles, only_lit),
    )


def _joined(pieces: Sequence[VehicleMesh]) -> VehicleMesh:
    """Return all pieces as one mesh, in order."""
    first = np.cumsum([0, *(len(piece.points) for piece in pieces)])
    return VehicleMesh(
        np.concatenate([piece.points for piece in pieces]),
        np.concatenate([piece.normals for piece in pieces]),
        np.concatenate([piece.reflectance for piece in pieces]),
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
