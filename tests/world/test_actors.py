"""Meshes of vehicles, pedestrians and obstacles: size, heading and movement."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panda3d.core import NodePath

from drive_stack.world_state import ObstacleKind
from envs.bodies import BODIES
from envs.camera.actors import Detail, build_obstacle, build_pedestrian, build_vehicle
from envs.camera.actors.mesh import join
from envs.camera.actors.pedestrians import gait
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
    low, high = extent(build_vehicle(index, PAINT, *size).node)
    extents = high - low
    assert extents[0] == pytest.approx(size[0], rel=0.03) and extents[2] == pytest.approx(size[2], rel=0.03)
    assert size[1] * 0.98 <= extents[1] <= size[1] * 1.25  # mirrors extend beyond the body
    assert abs(low[2]) < 0.03


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
    size = np.array([body.length[0], body.width[0], body.height[0]])
    counts = []
    for detail in Detail:
        parts = vehicle_parts(index, PAINT, *size, detail=detail)
        low, high = join([parts.body, *(glass.mesh for glass in parts.lamps)]).bounds
        np.testing.assert_allclose([*(high - low)[:2], high[2]], size, rtol=0.01)
        counts.append(parts.body.triangles + sum(axle.mesh.triangles for axle in parts.axles))
    assert counts[0] > counts[1] > counts[2]


def test_lit_lamps_are_visible_at_every_distance_and_can_be_switched_off() -> None:
    model = build_vehicle(1, PAINT, 4.6, 1.8, 1.45, Detail.DISTANT)

    def visible_parts() -> set[str]:
        return {
            path.get_name() for path in model.node.find_all_matches("**/+GeomNode") if not is_hidden(path)
        }

    def is_hidden(path: NodePath) -> bool:
        return any(node.is_hidden() for node in path.get_ancestors())

    assert visible_parts() == {"body", "dark"}
    model.set_lamps(brake=True, left=False, right=True, headlamps=False)
    assert visible_parts() == {"body", "dark", "tail", "right"}
    model.set_detail(Detail.NEAR)
    assert visible_parts() == {"body", "head", "tail", "left", "right"}
    model.set_detail(Detail.DISTANT)
    model.set_lamps(brake=False, left=False, right=False, headlamps=False)
    assert visible_parts() == {"body", "dark"}


def test_the_order_of_drawing_does_not_depend_on_earlier_frames() -> None:
    """Where faces coincide, the one drawn first is visible."""
    orders = []
    for details in (Detail.NEAR, Detail.DISTANT), (Detail.DISTANT, Detail.NEAR):
        model = build_vehicle(1, PAINT, 4.6, 1.8, 1.45, details[0])
        model.set_lamps(brake=True, left=True, right=True, headlamps=True)
        for detail in (*details, Detail.NEAR):
            model.set_detail(detail)
        orders.append([child.get_name() for child in model.node.get_children() if not child.is_hidden()])
    assert orders[0] == orders[1] and orders[0][-1] == "near"


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
