"""Scenery in one node: which pieces are drawn, where, and in which light."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panda3d.core import GeomVertexReader, NodePath
from tiny_world import TinyWorld, straight_road

from drive_stack.camera_model import CameraModel
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions
from envs.camera.atmosphere import Atmosphere
from envs.camera.ground import Layer
from envs.camera.offscreen_renderer import OffscreenRenderer
from envs.camera.tags import LabelTags
from envs.camera.vertex_shading import VertexShadedNodes, _runs

FOG = Conditions(visibility=400.0)


def square(x: float) -> Layer:
    """A white square of 1 m across the road."""
    corners = np.array([[[x, 0.0, 0.0], [x, 1.0, 0.0], [x, 1.0, 1.0], [x, 0.0, 1.0]]])
    return Layer(SemanticClass.VEGETATION, corners, np.full((1, 4, 4), 255.0))


def drawn(nodes: VertexShadedNodes, root: NodePath, ego_x: float, atmosphere: Atmosphere) -> FloatArray:
    """Return x and alpha (N, 2) of the corners of all triangles, for an ego at ``ego_x``."""
    ego = dataclasses.replace(TinyWorld(straight_road()).world_state().ego, x=ego_x, y=0.0, yaw=0.0)
    nodes.shade(ego, atmosphere)
    node = root.find("**/scenery")
    if node.is_hidden():
        return np.zeros((0, 2))
    geom = node.node().get_geom(0)
    places = GeomVertexReader(geom.get_vertex_data(), "vertex")
    colours = GeomVertexReader(geom.get_vertex_data(), "color")
    count = geom.get_vertex_data().get_num_rows()
    rows = [(places.get_data3()[0], 255.0 * colours.get_data4()[3]) for _ in range(count)]
    index = geom.get_primitive(0)
    return np.array([rows[index.get_vertex(k)] for k in range(index.get_num_vertices())])


@pytest.fixture
def scene() -> tuple[VertexShadedNodes, NodePath]:
    renderer = OffscreenRenderer(CameraModel())
    renderer.add_view(1)
    return VertexShadedNodes(renderer.root, LabelTags(renderer.add_view(1))), renderer.root


def test_each_piece_is_drawn_at_its_distances_with_its_own_haze(
    scene: tuple[VertexShadedNodes, NodePath],
) -> None:
    """Three places; near ones are drawn as the piece at x, far ones as the piece at x + 0.5."""
    nodes, root = scene
    for x in (0.0, 100.0, 300.0):
        centre = np.array([x, 0.0])
        nodes.add(square(x), centre, distances=(0.0, 150.0))
        nodes.add(square(x + 0.5), centre, distances=(150.0, math.inf))
    atmosphere = Atmosphere(CameraModel(), FOG)
    for ego_x, expected in (
        (0.0, [0.0, 100.0, 300.5]),
        (90.0, [100.0, 300.5]),
        (200.0, [300.0]),
        (500.0, []),
    ):
        corners = drawn(nodes, root, ego_x, atmosphere)
        assert sorted(set(corners[:, 0].tolist())) == expected
        assert len(corners) == 6 * len(expected)
        distance = corners[:, 0] - ego_x  # up to 1 m to the side
        np.testing.assert_allclose(corners[:, 1], 64.0 + 191.0 * 0.05 ** (distance / 400.0), atol=3.0)


@given(st.sets(st.integers(0, 30)))
def test_runs_cover_exactly_the_rows(rows: set[int]) -> None:
    runs = list(_runs(sorted(rows)))
    assert [row for start, end in runs for row in range(start, end)] == sorted(rows)
    assert all(first[1] < second[0] for first, second in itertools.pairwise(runs))
