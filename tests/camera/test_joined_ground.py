"""The order in which pieces of ground are written into one node."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panda3d.core import GeomVertexReader, NodePath

from drive_stack.types import SemanticClass
from envs.camera.ground.joined import JoinedGround, Part, PieceGeometry, _groups
from envs.camera.triangles import VERTEX

ROAD, MARKING = SemanticClass.ROAD, SemanticClass.MARKING


def part(order: int, kind: SemanticClass | None, tone: int) -> Part:
    rows = np.zeros(3, dtype=VERTEX)
    rows["colour"] = tone
    return Part(order, kind, rows, np.array([[0, 1, 2]], dtype=np.uint32))


def piece(tone: int, *, shaded: bool = False) -> PieceGeometry:
    """Asphalt of a tone, above it a trace of tone + 1 and paint of tone + 2, and shade of tone + 3."""
    parts = part(0, ROAD, tone), part(1, None, tone + 1), part(2, MARKING, tone + 2)
    return PieceGeometry(parts, part(3, None, tone + 3) if shaded else None)


def tones(root: NodePath, name: str) -> list[list[int]]:
    """Return the red of each triangle in the order of drawing, one list a node in the order of drawing."""
    found = []
    for node in root.find_all_matches(f"**/{name}"):
        geom = node.node().get_geom(0)
        red = GeomVertexReader(geom.get_vertex_data(), "color")
        count = geom.get_vertex_data().get_num_rows()
        colours = [round(255.0 * red.get_data4()[0]) for _ in range(count)]
        index = geom.get_primitive(0)
        corners = () if node.is_hidden() else range(0, index.get_num_vertices(), 3)
        shown = [colours[index.get_vertex(corner)] for corner in corners]
        found.append((node.get_bin_draw_order(), shown))
    return [shown for _, shown in sorted(found)]


@pytest.mark.parametrize(
    ("hilly", "ground", "labels"),
    [
        # layer by layer: no piece covers the paint of another
        (False, [[10, 20, 11, 21, 12, 22]], [ROAD, ROAD, MARKING, MARKING]),
        # piece by piece: a near hill covers all of a far one
        (True, [[10, 11, 12, 20, 21, 22]], [ROAD, MARKING, ROAD, MARKING]),
    ],
)
def test_level_ground_is_drawn_by_layer_and_hills_by_piece(
    hilly: bool, ground: list[list[int]], labels: list[int]
) -> None:
    root = NodePath("root")
    JoinedGround(root, hilly=hilly).show([piece(10), piece(20)])
    assert tones(root, "flat") == ground
    assert tones(root, "ground labels") == [[int(kind) for kind in labels]]


def test_shade_of_a_far_hill_is_drawn_before_nearer_hills() -> None:
    root = NodePath("root")
    nodes = JoinedGround(root, hilly=True)
    nodes.show([piece(10), piece(20, shaded=True), piece(30)])
    assert tones(root, "flat") == [[10, 11, 12, 20, 21, 22], [30, 31, 32]]
    assert tones(root, "shade") == [[23], []]
    ground, shade = (
        sorted(node.get_bin_draw_order() for node in root.find_all_matches(f"**/{name}"))
        for name in ("flat", "shade")
    )
    assert ground[0] < shade[0] < ground[1] < shade[1]
    nodes.show([piece(30)])  # what is not shown any more is gone
    assert tones(root, "flat") == [[30, 31, 32], []] and tones(root, "shade") == [[], []]


@given(st.lists(st.booleans(), max_size=12))
def test_groups_keep_the_order_and_end_with_shade(shaded: list[bool]) -> None:
    pieces = [piece(number, shaded=has_shade) for number, has_shade in enumerate(shaded)]
    groups = _groups(pieces)
    assert [one for group in groups for one in group] == pieces
    assert all(one.shade is None for group in groups for one in group[:-1])
    assert all(group[-1].shade is not None for group in groups[:-1])
