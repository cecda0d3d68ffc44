"""Triangle meshes as arrays, and their conversion to Panda3D nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from panda3d.core import (
    GeomEnums,
    GeomNode,
    GeomTriangles,
    GeomVertexFormat,
)
from scipy.sparse import csr_matrix

from drive_stack.types import FloatArray

from ..triangles import node_of

CREASE_DEG = 38.0  # faces that meet at a larger angle keep a sharp edge
_DOWN = 0.9  # downward component of a unit normal from which a face points to the ground
_VERTEX = np.dtype([("vertex", "<f4", 3), ("normal", "<f4", 3), ("colour", "u1", 4)])


@dataclass(frozen=True, slots=True)
class Mesh:
    """Independent coloured triangles with corners counter-clockwise as seen from outside."""

    points: FloatArray  # (T, 3 corners, xyz) [m]
    colours: FloatArray  # (T, 3 corners, RGB) 0 … 255

    @property
    def triangles(self) -> int:
        """Number of triangles."""
        return len(self.points)

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Minimum and maximum corner, (3,) each [m]."""
        flat = self.points.reshape(-1, 3)
        return flat.min(axis=0), flat.max(axis=0)

    def moved(self, offset: ArrayLike) -> Mesh:
        """Return the mesh shifted by ``offset`` (3,) [m]."""
        return Mesh(self.points + np.asarray(offset, dtype=float), self.colours)

    def fitted(self, scale: FloatArray, offset: FloatArray) -> Mesh:
        """Return the mesh with ``points × scale + offset``; ``scale`` (3,) is positive."""
        return Mesh(self.points * scale + offset, self.colours)

    def mirrored(self) -> Mesh:
        """Return the mirror image across y = 0, still facing outward."""
        flipped = (self.points * np.array([1.0, -1.0, 1.0]))[:, ::-1]
        return Mesh(flipped, self.colours[:, ::-1])

    def coloured(self, colour: ArrayLike) -> Mesh:
        """Return the mesh in one RGB colour."""
        return Mesh(self.points, np.broadcast_to(np.asarray(colour, dtype=float), self.points.shape))

    def facing(self, keep: Callable[[FloatArray], NDArray[np.bool_]]) -> Mesh:
        """Return the triangles whose unit normals (T, 3) the predicate ``keep`` selects."""
        selected = keep(face_normals(self.points))
        return Mesh(self.points[selected], self.colours[selected])

    def seen_from_above(self) -> Mesh:
        """Return the mesh without faces that point to the ground."""
        return self.facing(lambda normals: normals[:, 2] > -_DOWN)

    def graded(self, low: tuple[float, ArrayLike], high: tuple[float, ArrayLike]) -> Mesh:
        """Return the mesh coloured by height, from ``(z, RGB)`` to ``(z, RGB)``."""
        fraction = np.clip((self.points[..., 2:] - low[0]) / (high[0] - low[0]), 0.0, 1.0)
        below, above = (np.asarray(c, dtype=float) for c in (low[1], high[1]))
        return Mesh(self.points, below + fraction * (above - below))

    def shaded(self, z_low: float, z_high: float, darkest: float) -> Mesh:
        """Return the mesh darkened towards the ground: brightness ``darkest`` (0 … 1) at ``z_low`` [m]."""
        fraction = np.clip((self.points[..., 2:] - z_low) / (z_high - z_low), 0.0, 1.0)
        return Mesh(self.points, self.colours * (darkest + (1.0 - darkest) * fraction))


def join(meshes: Iterable[Mesh]) -> Mesh:
    """Join the triangles of all meshes, in order."""
    parts = list(meshes)
    if not parts:
        return Mesh(np.zeros((0, 3, 3)), np.zeros((0, 3, 3)))
    return Mesh(np.concatenate([p.points for p in parts]), np.concatenate([p.colours for p in parts]))


def both_sides(mesh: Mesh) -> Mesh:
    """Return the mesh joined with its mirror image across y = 0."""
    return join((mesh, mesh.mirrored()))


def triangles(
    points: FloatArray, indices: Sequence[Sequence[int]] | NDArray[np.int64], colour: ArrayLike
) -> Mesh:
    """Build triangles over shared ``points`` (N, 3), without degenerate ones."""
    corners = points[np.asarray(indices, dtype=np.int64)]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    corners = corners[area > 1e-9]
    return Mesh(corners, np.broadcast_to(np.asarray(colour, dtype=float), corners.shape))


def face_normals(points: FloatArray) -> FloatArray:
    """Return the unit normals (T, 3) of triangles (T, 3, 3)."""
    return _unit(_crossed(points))


def _crossed(points: FloatArray) -> FloatArray:
    return np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])


def _unit(vectors: FloatArray) -> FloatArray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def corner_normals(points: FloatArray, crease_deg: float = CREASE_DEG) -> FloatArray:
    """Return unit normals (T, 3, 3), averaged by area over the faces at a corner that no crease separates."""
    cross = _crossed(points)
    unit = _unit(cross)
    face = np.repeat(np.arange(len(points)), 3)
    _, vertex = np.unique(np.round(points.reshape(-1, 3), 5), axis=0, return_inverse=True)
    vertex = vertex.reshape(-1)
    touching = csr_matrix((np.ones(len(face)), (np.arange(len(face)), vertex)))
    pairs = (touching @ touching.T).tocoo()
    blend = np.einsum("ij,ij->i", unit[face[pairs.row]], unit[face[pairs.col]]) > np.cos(
        np.radians(crease_deg)
    )
    normals = np.zeros((len(face), 3))
    np.add.at(normals, pairs.row[blend], cross[face[pairs.col[blend]]])
    return _unit(normals).reshape(points.shape)


def to_reflectance(paint: ArrayLike) -> FloatArray:
    """Return the fraction of light that ``paint`` reflects: the square (gamma 2) of its values 0 … 1."""
    reflectance: FloatArray = np.clip(np.asarray(paint, dtype=float), 0.0, 1.0) ** 2
    return reflectance


def geom_node(name: str, mesh: Mesh, crease_deg: float = CREASE_DEG) -> GeomNode:
    """Build one Geom with vertices, normals and reflectances; equal corners share a vertex."""
    corners = np.zeros(mesh.triangles * 3, dtype=_VERTEX)
    corners["vertex"] = mesh.points.reshape(-1, 3)
    corners["normal"] = np.round(corner_normals(mesh.points, crease_deg).reshape(-1, 3), 4)
    corners["colour"][:, :3] = np.round(255.0 * to_reflectance(mesh.colours.reshape(-1, 3) / 255.0))
    corners["colour"][:, 3] = 255
    _, first, index = np.unique(corners.view(f"V{_VERTEX.itemsize}"), return_index=True, return_inverse=True)
    faces = GeomTriangles(GeomEnums.UH_static)
    faces.set_index_type(GeomEnums.NT_uint16)
    array = faces.modify_vertices()
    array.unclean_set_num_rows(index.size)
    memoryview(array).cast("B")[:] = index.astype(np.uint16).tobytes()
    return node_of(name, GeomVertexFormat.get_v3n3c4(), corners[first], faces)
