"""Coloured triangles with an alpha channel as nodes of the static scene, and any node from packed rows."""

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

_VERTEX = np.dtype([("vertex", "<f4", 3), ("colour", "u1", 4)])


def triangle_node(name: str, points: FloatArray, colours: FloatArray) -> GeomNode:
    """Triangles ``points`` (T, 3, 3) [m] with RGBA ``colours`` (T, 3, 4) of 0 … 255, in one Geom."""
    rows = np.zeros(points.shape[0] * 3, dtype=_VERTEX)
    rows["vertex"] = points.reshape(-1, 3)
    rows["colour"] = np.clip(np.round(colours.reshape(-1, 4)), 0, 255)
    faces = GeomTriangles(GeomEnums.UH_static)
    faces.add_consecutive_vertices(0, len(rows))
    return node_of(name, GeomVertexFormat.get_v3c4(), rows, faces)


def node_of(name: str, layout: GeomVertexFormat, rows: NDArray[np.void], faces: GeomPrimitive) -> GeomNode:
    """One Geom of ``faces`` over vertices given as packed ``rows`` that fit the ``layout``."""
    data = GeomVertexData(name, layout, GeomEnums.UH_static)
    data.unclean_set_num_rows(len(rows))
    memoryview(data.modify_array(0)).cast("B")[:] = rows.tobytes()
    geom = Geom(data)
    geom.add_primitive(faces)
    node = GeomNode(name)
    node.add_geom(geom)
    return node


def quads(corners: FloatArray, colours: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Quadrilaterals (N, 4, 3) with RGBA (N, 4, 4) as triangles and their colours."""
    order = np.array([0, 1, 2, 0, 2, 3])
    return corners[:, order].reshape(-1, 3, 3), colours[:, order].reshape(-1, 3, 4)
