"""Scene nodes from coloured quads with an alpha channel, and from packed vertex rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    Geom,
    GeomEnums,
    GeomNode,
    GeomPrimitive,
    GeomTriangles,
    GeomVertexData,
    GeomVertexFormat,
)

from drive_stack.types import FloatArray

VERTEX = np.dtype([("vertex", "<f4", 3), ("colour", "u1", 4)])
_HALVES = np.array([0, 1, 2, 0, 2, 3])  # corners of a quadrilateral's two triangles


def quad_node(name: str, corners: FloatArray, colours: FloatArray) -> GeomNode:
    """Return one Geom of quads ``corners`` (Q, 4, 3) [m] with RGBA ``colours`` (Q, 4, 4) of 0 … 255."""
    rows, triangles = packed_quads(corners, colours)
    faces = GeomTriangles(GeomEnums.UH_static)
    faces.set_index_type(GeomEnums.NT_uint32)
    array = faces.modify_vertices()
    array.unclean_set_num_rows(triangles.size)
    memoryview(array).cast("B")[:] = triangles.tobytes()
    return node_of(name, GeomVertexFormat.get_v3c4(), rows, faces)


def packed_quads(corners: FloatArray, colours: FloatArray) -> tuple[NDArray[np.void], NDArray[np.uint32]]:
    """Return the packed vertices (V,) of quads as `quad_node` draws them, and their triangles (2·Q, 3).

    Corners of equal position and colour share a vertex, as render time depends on vertices.
    """
    rows = np.zeros(corners.shape[0] * 4, dtype=VERTEX)
    rows["vertex"] = corners.reshape(-1, 3)
    rows["colour"] = np.clip(np.round(colours.reshape(-1, 4)), 0, 255)
    raw = rows.view(f"V{VERTEX.itemsize}")
    _, first, index_of = np.unique(raw, return_index=True, return_inverse=True)
    return rows[first], index_of.reshape(-1, 4)[:, _HALVES].reshape(-1, 3).astype(np.uint32)


def node_of(name: str, layout: GeomVertexFormat, rows: NDArray[np.void], faces: GeomPrimitive) -> GeomNode:
    """Return one Geom of ``faces`` over vertices in packed ``rows`` of the given ``layout``."""
    data = GeomVertexData(name, layout, GeomEnums.UH_static)
    data.unclean_set_num_rows(len(rows))
    memoryview(data.modify_array(0)).cast("B")[:] = rows.tobytes()
    geom = Geom(data)
    geom.add_primitive(faces)
    node = GeomNode(name)
    node.add_geom(geom)
    return node
