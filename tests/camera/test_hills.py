"""Pictures and labels on hills, from cameras that pitch, roll and have mounting errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drive_stack.camera_model import CameraModel
from drive_stack.camera_pose import true_camera
from drive_stack.objects.boxes import all_actor_boxes
from drive_stack.road.vertical_profile import build_profile
from drive_stack.types import FloatArray, LabelBox
from drive_stack.world_state import Conditions, Light, MountingError, Weather, WorldState
from envs.camera.atmosphere import Atmosphere
from envs.camera.camera import Camera
from envs.camera.ground.distance import GroundDistance
from envs.scenarios.scenario import load_scenario
from envs.world import World

NOMINAL = CameraModel()
LEVEL = build_profile(())
CREST = build_profile(((200.0, 0.05, 3000.0), (500.0, -0.05, 5000.0)))  # top at 750 m
SAG = build_profile(((0.0, -0.05, 5000.0), (260.0, 0.05, 3000.0)))
Shoot = Callable[[WorldState], tuple[LabelBox, ...]]


@pytest.fixture(scope="module")
def shoot() -> Iterator[Shoot]:
    camera = Camera(NOMINAL)

    def labels(state: WorldState) -> tuple[LabelBox, ...]:
        camera.load(state.road, state.conditions)
        return camera.labels(state).boxes

    yield labels
    camera.close()


def staged(profile, station: float, **ego: float) -> WorldState:  # type: ignore[no-untyped-def]
    """Return a straight road with this profile, an ego at a station and seven cars ahead of it."""
    world = World(
        load_scenario("dense_traffic", ("road.kind=straight", "ego.station=120", "camera={}", "scenery={}")),
        4,
    )
    state = world.state()
    road = replace(state.road, profile=profile)
    cars = state.vehicles
    count = len(cars.id)
    ahead = station + 12.0 + 25.0 * np.arange(count)
    lateral = np.resize([road.lanes[0].offset, road.lanes[1].offset], count)
    point, yaw = road.to_world(ahead, lateral)
    cars = replace(cars, x=point[:, 0], y=point[:, 1], yaw=yaw, station=ahead, lateral=lateral)
    rear, _ = road.to_world(np.asarray(station), np.asarray(road.lanes[1].offset))
    placed = replace(state.ego, x=float(rear[0]), y=float(rear[1]), yaw=0.0, station=station, **ego)
    clear = Conditions(Weather.CLEAR, Light.DAY)
    return replace(state, road=road, vehicles=cars, ego=placed, conditions=clear)


def projected_box(state: WorldState, actor: int) -> FloatArray:
    """Return left, top, right, bottom [px] of an actor's box, computed in the world frame alone."""
    boxes = all_actor_boxes(state)
    row = boxes.id.tolist().index(actor)
    (x, y, _), (length, width, height) = boxes.pose[row], boxes.size[row]
    profile, ego = state.road.profile, state.ego
    along = np.array([-0.5, 0.5, -0.5, 0.5, -0.5, 0.5, -0.5, 0.5]) * length
    across = np.array([-0.5, -0.5, 0.5, 0.5, -0.5, -0.5, 0.5, 0.5]) * width
    up = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]) * height
    road_height = profile.height_at(x + along) - profile.height_at(np.asarray(ego.station))
    points = np.column_stack([x + along - ego.x, y + across - ego.y, road_height + up])
    pixels = true_camera(NOMINAL, state).project(points)[:, :2]
    return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(staged(LEVEL, 150.0), id="level"),
        pytest.param(staged(CREST, 300.0), id="before a crest"),
        pytest.param(staged(SAG, 300.0), id="in a sag"),
        pytest.param(staged(CREST, 420.0, body_pitch=0.026, body_roll=-0.03), id="braking in a curve"),
        pytest.param(
            replace(staged(LEVEL, 150.0), mounting_error=MountingError(-1.0, 2.0, 0.1)), id="mounting error"
        ),
    ],
)
def test_boxes_of_masks_agree_with_projected_bodies(shoot: Shoot, state: WorldState) -> None:
    """Bodies are rounder than their boxes, and hide each other, so a mask may be smaller, but not larger."""
    seen = [box for box in shoot(state) if box.visible > 0.85]
    assert len(seen) >= 3
    for box in seen:
        expected, found = projected_box(state, box.actor_id), np.array(box.box)
        inside = (expected[0] > 0.0) and (expected[2] < NOMINAL.width)
        tolerance = 1.5 + 0.06 * (expected[2:] - expected[:2]).max()
        assert (found[:2] > expected[:2] - 1.5).all()
        assert (found[2:] < expected[2:] + 1.5).all()
        if inside:
            assert np.abs(found - expected).max() < tolerance


def test_what_is_behind_a_crest_is_neither_drawn_nor_labelled(shoot: Shoot) -> None:
    """With R = 5000 m, ground is in view up to √(2·R·1.4 m) = 118 m, and what is 4 m high for 200 m more."""
    state = staged(CREST, 620.0)
    beyond = state.vehicles.station - 620.0
    seen = {box.actor_id for box in shoot(state)}
    hidden = state.vehicles.id[beyond > 330.0]
    near = state.vehicles.id[(beyond > 0.0) & (beyond < 150.0)]
    assert len(hidden) and len(near)
    assert not seen.intersection(hidden.tolist())
    assert seen.intersection(near.tolist())


@given(
    grade=st.floats(-0.06, 0.06),
    pitch=st.floats(-2.0, 4.0),
    roll=st.floats(-4.0, 4.0),
    x=st.floats(8.0, 90.0),
    lateral=st.floats(-0.4, 0.4),
)
def test_the_distance_of_a_pixel_is_that_of_the_ground_in_it(
    grade: float, pitch: float, roll: float, x: float, lateral: float
) -> None:
    profile = build_profile(((0.0, grade, 3000.0),)) if grade else LEVEL
    start = 1000.0  # beyond the vertical curve, so that the grade is constant
    camera = replace(NOMINAL, pitch_down_deg=pitch, roll_deg=roll)
    ground = GroundDistance(camera, profile, start, -500.0)
    point = np.array([[camera.mount_x + x, lateral * x, (camera.mount_x + x) * grade]])
    u, v, _ = camera.project(point)[0]
    if not (0.0 <= u < camera.width and 0.0 <= v < camera.height):
        return
    # rows between the point and the vanishing line of the ground, below which the camera is this high
    row = (camera.mount_z - grade * camera.mount_x) * camera.focal_px / x
    assert ground.depth()[int(v), int(u)] == pytest.approx(x, rel=0.02 + 1.2 / row)


@pytest.mark.parametrize("light", list(Light))
@pytest.mark.parametrize("visibility", [120.0, 2000.0])
def test_tables_of_the_level_camera_agree_with_those_of_each_frame(light: Light, visibility: float) -> None:
    """Rows near the horizon are left out: there one row spans more distance than the tables resolve."""
    atmosphere = Atmosphere(NOMINAL, Conditions(Weather.FOG, light, visibility))
    level = atmosphere.ground_tables()
    atmosphere._ground = GroundDistance(NOMINAL, LEVEL, 0.0, 0.0)
    each = atmosphere.ground_tables()
    first = int(NOMINAL.horizon_px) + 4
    for fixed, moving in zip(level, each, strict=True):
        assert np.abs(fixed[first:].astype(int) - moving[first:]).max() <= 3
        assert (fixed[: first - 5] == moving[: first - 5]).all(), "the sky begins at the same row"


@given(st.floats(-5.0, 5.0), st.floats(-3.0, 5.0), st.floats(5.0, 100.0), st.floats(-20.0, 20.0))
def test_a_rolled_camera_finds_ground_points_again(roll: float, pitch: float, x: float, y: float) -> None:
    camera = replace(NOMINAL, roll_deg=roll, pitch_down_deg=pitch)
    pixels = camera.project(np.array([[camera.mount_x + x, y, 0.0]]))
    np.testing.assert_allclose(camera.to_ground(pixels[:, :2]), [[camera.mount_x + x, y]], atol=1e-6)


def test_a_camera_that_leans_to_the_right_sees_the_left_lower() -> None:
    """The horizon then rises to the right: tan 2° times 200 px are 7 px."""
    camera = replace(NOMINAL, roll_deg=2.0, pitch_down_deg=0.0)
    far = 1e6 * np.array([[1.0, 200.0 / camera.focal_px, 0.0], [1.0, -200.0 / camera.focal_px, 0.0]])
    left, right = camera.project(far)[:, 1]
    assert left - NOMINAL.height / 2.0 == pytest.approx(7.0, abs=0.1)
    assert right - NOMINAL.height / 2.0 == pytest.approx(-7.0, abs=0.1)


def test_the_true_camera_is_the_nominal_one_on_a_level_road() -> None:
    assert true_camera(NOMINAL, staged(LEVEL, 150.0)) is NOMINAL


def test_the_true_camera_on_a_grade() -> None:
    """Uphill the nose rises by the slope's angle, and the camera with it: 1.7 m · 5 % = 8.5 cm."""
    camera = true_camera(NOMINAL, staged(CREST, 450.0))
    assert camera.pitch_down_deg == pytest.approx(2.0 - np.degrees(np.arctan(0.05)))
    assert camera.mount_z == pytest.approx(1.4 + 0.085, abs=0.002)
    assert camera.mount_x == pytest.approx(1.7 - 1.4 * 0.05, abs=0.003)


def nose_down(angle: float) -> FloatArray:
    """Rotation (3, 3) about the axis to the left, of points ahead, left and up."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])


def test_the_true_camera_is_turned_by_its_mounting_then_by_the_body_then_by_the_grade() -> None:
    """The body turns about the middle of the wheelbase of 2.8 m, the car about its rear axle."""
    state = staged(CREST, 450.0, body_pitch=0.03, body_roll=-0.02)
    state = replace(state, mounting_error=MountingError(pitch_deg=-1.0, roll_deg=2.0, height=0.1))
    grade, body, mounting = nose_down(-np.arctan(0.05)), nose_down(0.03), nose_down(np.radians(2.0 - 1.0))
    middle = np.array([1.4, 0.0, 0.0])
    place = grade @ (middle + body @ (np.array([1.7, 0.0, 1.4 + 0.1]) - middle))
    forward, left, up = (grade @ body @ mounting).T
    roll = np.radians(2.0) - 0.02
    right = -left * np.cos(roll) - up * np.sin(roll)
    down = -up * np.cos(roll) + left * np.sin(roll)
    points = np.array([[12.0, -3.0, 0.0], [60.0, 4.0, 3.0], [30.0, 0.0, 1.5]])
    across, below, depth = np.stack([right, down, forward]) @ (points - place).T
    focal = 320.0 / np.tan(np.radians(30.0))
    expected = np.stack([320.0 + focal * across / depth, 128.0 + focal * below / depth, depth], axis=1)
    np.testing.assert_allclose(true_camera(NOMINAL, state).project(points), expected, atol=1e-6)
