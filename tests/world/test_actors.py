"""Meshes of vehicles, pedestrians and obstacles: size, heading and movement."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panda3d.core import NodePath
from tiny_world import Body, TinyWorld, straight_road

from drive_stack.types import ObjectClass
from drive_stack.world_state import ObstacleKind
from envs.bodies import BODIES
from envs.camera.actors import Detail, build_obstacle, build_pedestrian, vehicle_mesh
from envs.camera.actors.hull import hull
from envs.camera.actors.lamps import LAMPS, lamp_colours
from envs.camera.actors.mesh import face_normals, join
from envs.camera.actors.pedestrians import gait
from envs.camera.actors.shapes import box
from envs.camera.actors.vehicle_mesh import nearest_size
from envs.camera.actors.vehicles import vehicle_parts

PAINT = (150, 26, 30)
CLOTHES = np.array([[40, 60, 120], [50, 50, 54], [60, 40, 30], [220, 180, 150]], dtype=np.uint8)


def extent(node: NodePath) -> np.ndarray:
    low, high = node.get_tight_bounds()
    return np.array([tuple(low), tuple(high)])


@pytest.mark.parametrize("index", range(len(BODIES)), ids=[body.name for body in BODIES])
@pytest.mark.parametrize("end", [0, 1])
def test_a_body_has_the_requested_size_and_stands_on_the_ground(index: int, end: int) -> None:
    body = BODIES[index]
    size = np.array([body.length[end], body.width[end], body.height[end]])
    points = vehicle_mesh(index, PAINT, *size, Detail.NEAR).points
    low, high = points.min(axis=0), points.max(axis=0)
    extents = high - low
    assert extents[0] == pytest.approx(size[0], rel=0.03) and extents[2] == pytest.approx(size[2], rel=0.03)
    assert size[1] * 0.98 <= extents[1] <= size[1] * 1.25  # mirrors extend beyond the body
    assert abs(low[2]) < 0.03


@pytest.mark.parametrize("index", range(len(BODIES)), ids=[body.name for body in BODIES])
def test_a_stretched_and_painted_mesh_is_the_body_built_in_this_paint(index: int) -> None:
    """Within a size class a mesh is only stretched; its paint is exact for every colour."""
    body = BODIES[index]
    size = (body.length[0], body.width[1], body.height[1])
    built = nearest_size(index, size)
    made = vehicle_parts(index, PAINT, *built)
    wheels = [axle.mesh.moved((axle.x, 0.0, axle.radius)) for axle in made.axles]
    direct = join((made.body, *wheels, made.overhang)).seen_from_above()
    mesh = vehicle_mesh(index, PAINT, *size, Detail.NEAR)
    corners = mesh.triangles[mesh.lamp[mesh.triangles[:, 0]] == 0]
    stretched = direct.points * np.array(size) / np.array(built)
    np.testing.assert_allclose(mesh.points[corners], stretched, atol=1e-4)
    np.testing.assert_allclose(mesh.reflectance[corners], direct.colours**2 / 255.0, atol=0.51)


@pytest.mark.parametrize("index", range(len(BODIES)), ids=[body.name for body in BODIES])
def test_no_body_is_stretched_by_more_than_a_tenth(index: int) -> None:
    body = BODIES[index]
    for size in itertools.product(body.length, body.width, body.height):
        assert np.abs(np.array(size) / np.array(nearest_size(index, size)) - 1.0).max() <= 0.1


@pytest.mark.parametrize("index", range(len(BODIES)), ids=[body.name for body in BODIES])
def test_a_bodys_skin_faces_outward(index: int) -> None:
    """By the divergence theorem a skin that faces outward encloses a positive volume."""
    body = BODIES[index]
    mesh = vehicle_parts(index, PAINT, body.length[0], body.width[0], body.height[0]).body
    a, b, c = mesh.points[:, 0], mesh.points[:, 1], mesh.points[:, 2]
    volume = float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)
    least = 0.1 if body.name == "motorcycle" else 0.2  # of the cuboid
    assert least < volume / (body.length[0] * body.width[0] * body.height[0]) < 1.2


@pytest.mark.parametrize("index", range(len(BODIES)), ids=[body.name for body in BODIES])
def test_a_distant_body_has_the_same_size_and_fewer_triangles(index: int) -> None:
    body = BODIES[index]
    size = body.length[0], body.width[0], body.height[0]
    counts = []
    for detail in (Detail.FAR, Detail.DISTANT, Detail.REMOTE):
        mesh = vehicle_mesh(index, PAINT, *size, detail)
        shown = mesh.points[mesh.triangles[~mesh.only_lit]].reshape(-1, 3)
        np.testing.assert_allclose([*np.ptp(shown[:, :2], axis=0), shown[:, 2].max()], size, rtol=0.015)
        counts.append(len(mesh.triangles))
    near = len(vehicle_mesh(index, PAINT, *size, Detail.NEAR).triangles)
    assert near > counts[0] > counts[1] > 1.5 * counts[2]


def test_a_hull_has_the_mean_reflectance_of_each_side() -> None:
    """Two boxes side by side: from behind half of the area reflects 0.04 and half 0.64, on average 0.34."""
    dark = box((0.0, -1.0, 0.0), (4.0, 0.0, 1.0), 255.0 * np.full(3, 0.2))
    pale = box((0.0, 0.0, 0.0), (4.0, 1.0, 1.0), 255.0 * np.full(3, 0.8))
    hidden = box((0.1, -0.9, 0.1), (3.9, 0.9, 0.9), (255.0, 255.0, 255.0))
    made = hull(join((dark, hidden, pale)))
    low, high = made.bounds
    assert low.tolist() == [0.0, -1.0, 0.0] and high.tolist() == [4.0, 1.0, 1.0]
    normals = face_normals(made.points)
    reflectance = (made.colours[:, 0, 0] / 255.0) ** 2
    for side, expected in (((-1, 0, 0), 0.34), ((0, -1, 0), 0.04), ((0, 1, 0), 0.64)):
        np.testing.assert_allclose(reflectance[normals @ np.array(side) > 0.9], expected, rtol=1e-9)
    assert normals[:, 2].min() > -0.9  # nothing faces the ground


def test_a_hull_is_as_wide_as_the_body_at_each_height() -> None:
    """A box 2 m wide carries one 1 m wide; the lower one ends at 0.55 of the height."""
    lower = box((-2.0, -1.0, 0.0), (2.0, 1.0, 1.1), PAINT)
    upper = box((-1.0, -0.5, 1.1), (1.0, 0.5, 2.0), PAINT)
    points = hull(join((lower, upper))).points.reshape(-1, 3)
    assert np.ptp(points[points[:, 2] > 1.5, 1]) == 1.0
    assert np.ptp(points[points[:, 2] < 1.0, 1]) == 2.0


@pytest.mark.parametrize("detail", Detail)
def test_every_lamp_has_glass_of_its_own_and_comes_before_the_body(detail: Detail) -> None:
    """Where faces coincide, the one drawn first is visible."""
    mesh = vehicle_mesh(1, PAINT, 4.6, 1.8, 1.45, detail)
    kinds = mesh.lamp[mesh.triangles]
    assert (kinds == kinds[:, :1]).all()
    assert set(kinds[:, 0].tolist()) == {0, 1, 2, 3, 4}  # a body, head and tail lamps, indicators
    first_of_body = int(np.argmax(kinds[:, 0] == 0))
    assert (kinds[first_of_body:, 0] == 0).all()
    # a distant body has dark glass of its own, which the lit glass covers
    assert (mesh.only_lit == (kinds[:, 0] > 0) & (detail in (Detail.DISTANT, Detail.REMOTE))).all()


@pytest.mark.parametrize("detail", [Detail.NEAR, Detail.FAR, Detail.DISTANT])
def test_normals_have_unit_length_and_colours_are_reflectances(detail: Detail) -> None:
    mesh = vehicle_mesh(1, PAINT, 4.6, 1.8, 1.45, detail)
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-3)
    paint = np.round(np.array(PAINT) ** 2 / 255.0)  # (88, 3, 4)
    assert (np.abs(mesh.reflectance - paint) <= 1.0).all(axis=1).any()
    assert mesh.reflectance.max() <= 255.0 and mesh.triangles.max() == len(mesh.points) - 1


def test_lamps_follow_brakes_indicators_and_headlamps() -> None:
    bodies = [Body(10.0 * index, 0.0) for index in range(1, 6)]
    vehicles = dataclasses.replace(
        TinyWorld(straight_road(), bodies=bodies).world_state().vehicles,
        brake_lamp=np.array([True, False, False, False, False]),
        indicator=np.array([0, -1, 1, 2, 0]),
        unlit=np.array([False, False, False, False, True]),
        label=np.array([ObjectClass.CAR] * 4 + [ObjectClass.EMERGENCY_VEHICLE]),
    )
    head, tail, left, right, blue = range(len(LAMPS))
    lit, colours = lamp_colours(vehicles, 0.0, lamps_on=False)
    assert np.argwhere(lit).tolist() == [[0, tail], [1, left], [2, right], [3, left], [3, right], [4, blue]]
    assert (colours[0, tail] > colours[1, tail]).all()  # a brake lamp is brighter than a tail lamp
    lit, _ = lamp_colours(vehicles, 0.5, lamps_on=False)  # indicators are off, and the blue light is on again
    assert np.argwhere(lit).tolist() == [[0, tail], [4, blue]]
    lit, _ = lamp_colours(vehicles, 0.3, lamps_on=True)
    assert lit[:, head].tolist() == lit[:, tail].tolist() == [True, True, True, True, False]
    assert not lit[4].any()


@pytest.mark.parametrize(("height", "child"), [(1.12, True), (1.6, False), (1.95, False)])
def test_a_pedestrian_has_the_requested_height(height: float, child: bool) -> None:
    low, high = extent(build_pedestrian(height, child, CLOTHES).node)
    assert abs(low[2]) < 0.05 and high[2] == pytest.approx(height, rel=0.03)
    assert high[1] - low[1] < 0.5 * height


def test_walking_feet_swing_apart_and_back() -> None:
    person = build_pedestrian(1.75, False, CLOTHES)
    depths = []
    for phase in (0.0, np.pi / 2.0, np.pi, 3.0 * np.pi / 2.0):
        person.set_gait(phase, 1.4)
        low, high = extent(person.node)
        depths.append(high[0] - low[0])
    assert min(depths[1], depths[3]) > 1.5 * max(depths[0], depths[2])
    person.set_gait(np.pi / 2.0, 0.0)
    low, high = extent(person.node)
    assert high[0] - low[0] < min(0.4, *depths)


@given(phase=st.floats(0.0, 2.0 * np.pi), speed=st.floats(0.0, 6.0))
def test_joints_bend_in_the_human_direction_and_sides_alternate(phase: float, speed: float) -> None:
    first_half, second_half = gait(phase, speed), gait(phase + np.pi, speed)
    assert min(*first_half.knees, *first_half.elbows) >= 0.0
    assert max(*map(abs, first_half.hips)) < 1.2
    for first, second in ((first_half.hips, second_half.hips), (first_half.knees, second_half.knees)):
        assert first == pytest.approx(second[::-1], abs=1e-9)


@pytest.mark.parametrize("speed", [0.0, 1.4, 4.0])
def test_a_foot_stays_on_the_ground(speed: float) -> None:
    person = build_pedestrian(1.75, False, CLOTHES)
    for phase in np.linspace(0.0, 2.0 * np.pi, 9):
        person.set_gait(float(phase), speed)
        assert abs(extent(person.node)[0][2]) < 0.06


@pytest.mark.parametrize("kind", list(ObstacleKind))
def test_an_obstacle_has_the_requested_size(kind: ObstacleKind) -> None:
    low, high = extent(build_obstacle(kind, 0.4, 0.4, 0.75))
    assert high[2] == pytest.approx(0.75, rel=0.03) and low[2] >= -0.01
    assert high[1] - low[1] <= 0.45
