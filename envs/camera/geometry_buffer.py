"""A scene node whose triangles are written anew for each frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    Geom,
    GeomEnums,
    GeomNode,
    GeomTriangles,
    GeomVertexData,
    GeomVertexFormat,
    NodePath,
    OmniBoundingVolume,
)

from .triangles import VERTEX

_GROWTH = 1.5  # of the arrays when they become too small


class GeometryBuffer:
    """Many moving bodies in one node, as the time to draw depends on the number of nodes.

    Fill `vertices` and `triangles` from the start, then call `show`. Colours are drawn as they are: light and
    haze must be in them.
    """

    def __init__(self, parent: NodePath, name: str) -> None:
        self._vertices = np.zeros(0, dtype=VERTEX)
        self._triangles = np.zeros((0, 3), dtype=np.uint32)
        data = GeomVertexData(name, GeomVertexFormat.get_v3c4(), GeomEnums.UH_stream)
        faces = GeomTriangles(GeomEnums.UH_stream)
        faces.set_index_type(GeomEnums.NT_uint32)
        geom = Geom(data)
        geom.add_primitive(faces)
        # what is written is in view; Panda would compute bounds again for each frame
        geom.set_bounds(OmniBoundingVolume())
        made = GeomNode(name)
        made.add_geom(geom)
        made.set_bounds(OmniBoundingVolume())
        made.set_final(True)
        self.node = parent.attach_new_node(made)

    def reserve(self, vertices: int, triangles: int) -> tuple[NDArray[np.void], NDArray[np.uint32]]:
        """Return arrays with at least this many packed vertices and triangles (T, 3) to fill.

        The content is that of the frame before, or lost if the arrays had to grow.
        """
        if len(self._vertices) < vertices:
            self._vertices = np.zeros(int(_GROWTH * vertices), dtype=VERTEX)
        if len(self._triangles) < triangles:
            self._triangles = np.zeros((int(_GROWTH * triangles), 3), dtype=np.uint32)
        return self._vertices, self._triangles

    def show(self, vertices: int, triangles: int) -> None:
        """Draw the first ``triangles``, which use the first ``vertices``, from now on."""
        if triangles == 0:
            self.node.hide()
            return
        self.node.show()
        geom = self.node.node().modify_geom(0)
        array = geom.modify_vertex_data().modify_array(0)
        array.unclean_set_num_rows(vertices)
        memoryview(array).cast("B")[:] = self._vertices[:vertices].view(np.uint8).data
        index = geom.modify_primitive(0).modify_vertices()
        index.unclean_set_num_rows(3 * triangles)
        memoryview(index).cast("B")[:] = self._triangles[:triangles].view(np.uint8).reshape(-1).data
