"""The camera: lens, labels, weather, determinism and separate scenes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from panda3d.core import CullBinAttrib
from tiny_world import Body, TinyWorld, straight_road

from drive_stack.camera_model import CameraModel
from drive_stack.world_state import Conditions, Light, Weather, WorldState
from envs.camera import Camera
from envs.camera.light_laws import transmittance

MODEL = CameraModel()


def world(*bodies: Body, conditions: Conditions | None = None) -> WorldState:
    state = TinyWorld(straight_road(), bodies=list(bodies)).world_state()
    return dataclasses.replace(state, conditions=conditions or Conditions())


@pytest.fixture
def camera() -> Iterator[Camera]:
    camera = Camera(MODEL)
    yield camera
    camera.close()


@pytest.mark.parametrize("ahead", [15.0, 40.0, 90.0])
def test_a_pedestrians_box_is_where_the_lens_projects_it(camera: Camera, ahead: float) -> None:
    state = world(Body(ahead + 20.0, 1.8, is_pedestrian=True))
    camera.load(state.road, state.conditions)
    (label,) = camera.labels(state).boxes
    pedestrians, ego = state.pedestrians, state.ego
    height = float(pedestrians.height[0])
    x, y = float(pedestrians.x[0] - ego.x), float(pedestrians.y[0] - ego.y)
    (u, foot, _), (_, head, _) = MODEL.project(np.array([[x, y, 0.0], [x, y, height]]))
    assert label.box[1] == pytest.approx(head, abs=2.0)
    assert label.box[3] == pytest.approx(foot, abs=2.0)
    assert (label.box[0] + label.box[2]) / 2.0 == pytest.approx(u, abs=2.0)


def test_a_hidden_car_is_not_labelled(camera: Camera) -> None:
    near = Body(45.0, 1.8, length=8.0, width=2.5, large=True)
    state = world(near, Body(75.0, 1.8))
    camera.load(state.road, state.conditions)
    assert len(camera.labels(state).boxes) == 1


@pytest.mark.parametrize("light", list(Light))
@pytest.mark.parametrize("weather", list(Weather))
def test_the_same_state_gives_the_same_bytes(camera: Camera, weather: Weather, light: Light) -> None:
    state = world(Body(50.0, 1.8), conditions=Conditions(weather, light, 400.0, 0.5))
    camera.load(state.road, state.conditions)
    first = camera.render(state)
    assert first.shape == (MODEL.height, MODEL.width, 3)
    assert first.flags.c_contiguous
    camera.load(state.road, state.conditions)
    np.testing.assert_array_equal(first, camera.render(state))


def test_a_person_is_drawn_in_the_clothes_of_the_moment(camera: Camera) -> None:
    """A change of the image gives a person who was drawn before a plain look."""
    before = world(Body(35.0, 1.8, is_pedestrian=True))
    plain = dataclasses.replace(before.pedestrians, clothes=255 - before.pedestrians.clothes)
    after = dataclasses.replace(before, pedestrians=plain)
    camera.load(before.road, before.conditions)
    first, second = camera.render(before), camera.render(after)
    assert (first != second).any(axis=2).sum() > 20
    camera.load(before.road, before.conditions)
    np.testing.assert_array_equal(second, camera.render(after))


def test_two_cameras_keep_their_own_scenes(camera: Camera) -> None:
    empty, full = world(), world(Body(45.0, 1.8))
    camera.load(empty.road, empty.conditions)
    alone = camera.render(empty)
    other = Camera(MODEL)
    other.load(full.road, full.conditions)
    other.render(full)
    np.testing.assert_array_equal(alone, camera.render(empty))
    assert not camera.labels(empty).boxes
    assert len(other.labels(full).boxes) == 1
    other.close()


def test_the_contrast_at_the_visibility_is_five_percent() -> None:
    contrast = transmittance(np.array([0.0, 200.0, 400.0]), 200.0)
    np.testing.assert_allclose(contrast, [1.0, 0.05, 0.0025])


def test_a_far_cars_contrast_falls_in_fog(camera: Camera) -> None:
    def contrast(ahead: float) -> float:
        state = world(Body(20.0 + ahead, 1.8), conditions=Conditions(Weather.FOG, visibility=150.0))
        camera.load(state.road, state.conditions)
        visible = camera.labels(state).instance > 0
        return float(np.abs(camera.render(state)[visible].mean() - 190.0))

    assert contrast(120.0) < 0.5 * contrast(30.0)


def test_cameras_can_be_made_and_closed_again_and_again() -> None:
    state = world()
    for _ in range(5):
        camera = Camera(MODEL)
        camera.load(state.road, state.conditions)
        camera.render(state)
        camera.close()


def test_nothing_is_drawn_in_an_order_that_memory_decides(camera: Camera) -> None:
    """Bins that sort by state sort by memory address: pixels where faces meet would differ between runs."""
    state = world(Body(50.0, 1.8), Body(30.0, -1.8, is_pedestrian=True))
    camera.load(state.road, state.conditions)
    camera.render(state)
    drawn = camera._renderer.root.find_all_matches("**/+GeomNode")
    bins = {path.get_net_state().get_attrib(CullBinAttrib).get_bin_name() for path in drawn}
    assert len(drawn) > 10
    assert bins == {"unsorted", "background"}
