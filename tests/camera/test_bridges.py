"""Pictures of bridges: they are dark below, and the exposure adapts to it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from tiny_world import Body, TinyWorld, straight_road

from drive_stack.camera_model import CameraModel
from drive_stack.road.scenery import Bridge, BridgeKind, Scenery
from drive_stack.types import SemanticClass
from drive_stack.world_state import Conditions, Light, ObstacleKind, ObstacleStates, Weather, WorldState
from envs.camera import Camera
from envs.camera.ground.shade import light_below
from envs.camera.lens import adaptation_stops, expose
from envs.camera.roadside.bridges import add_bridge
from envs.camera.roadside.solids import Frame, Solids

MODEL = CameraModel()
WIDE = Bridge(BridgeKind.GREEN, 70.0, 40.0, 5.0, -14.0, 14.0)  # from 50 m to 90 m


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    camera = Camera(MODEL)
    yield camera
    camera.close()


def state_with(bridges: tuple[Bridge, ...], light: Light = Light.DAY, ahead: float = 50.0) -> WorldState:
    """An ego at 20 m, and a white car whose centre is ``ahead`` of it."""
    body = Body(20.0 + ahead, -1.8)
    state = TinyWorld(straight_road(), bodies=[body]).world_state()
    conditions = Conditions(Weather.OVERCAST, light, 1e6, scenery=Scenery(bridges=bridges))
    white = replace(state.vehicles, colour=np.array([[236, 237, 238]], np.uint8))
    return replace(state, conditions=conditions, vehicles=white)


def buffer(camera: Camera, state: WorldState) -> np.ndarray:
    """Return the drawn picture without light and noise, (H, W, 4), in the size of the labels."""
    camera.load(state.road, state.conditions)
    camera.render(state)
    return camera._renderer.draw(0)[::-2, ::2].astype(float)


@pytest.mark.parametrize(("light", "factor"), [(Light.DAY, 0.4), (Light.DUSK, 0.4), (Light.NIGHT, 1.0)])
def test_ground_and_vehicles_below_get_the_stated_light(camera: Camera, light: Light, factor: float) -> None:
    dark, open_road = (state_with(bridges, light) for bridges in ((WIDE,), ()))
    below, plain = buffer(camera, dark), buffer(camera, open_road)
    labels = camera.labels(open_road)
    with_bridge = camera.labels(dark)
    same = labels.semantic == with_bridge.semantic
    ahead = labels.depth + MODEL.mount_x + 20.0
    ground = same & (labels.semantic == SemanticClass.ROAD) & (ahead > 55.0) & (ahead < 85.0)
    car = (labels.instance == 1) & (with_bridge.instance == 1)
    for mask in (ground, car):
        assert mask.sum() > 100
        ratio = np.median(below[mask, 0] / np.maximum(plain[mask, 0], 1.0))  # lamps keep their light
        assert ratio == pytest.approx(factor, abs=0.03)
    near = same & (labels.semantic == SemanticClass.ROAD) & (ahead < 45.0)
    assert np.array_equal(below[near], plain[near])


def test_the_shadow_of_a_vehicle_below_is_darker_than_the_ground(camera: Camera) -> None:
    """Rims of 74 and the middle of 46 in the light of 40 % on asphalt of 37: 30 and 18."""
    state = state_with((WIDE,), ahead=48.0)
    empty = replace(state, vehicles=TinyWorld(straight_road()).world_state().vehicles)
    with_car, without = buffer(camera, state), buffer(camera, empty)
    seen = set(with_car[with_car[:, :, 3] == 0][:, 2].tolist())
    flat = (with_car[:, :, 3] == 0) & (without[:, :, 3] == 0) & (with_car != without).any(axis=2)
    assert {30.0, 18.0} <= seen
    assert flat.sum() > 15
    assert (with_car[flat, 2] < without[flat, 2]).all()


@pytest.mark.parametrize(("light", "factor"), [(Light.DAY, 0.4), (Light.DUSK, 0.4), (Light.NIGHT, 1.0)])
def test_people_and_obstacles_below_get_the_stated_light_too(
    camera: Camera, light: Light, factor: float
) -> None:
    standing = TinyWorld(straight_road(), bodies=[Body(54.0, 1.0, is_pedestrian=True)]).world_state()
    pale = replace(standing.pedestrians, clothes=np.full((1, 4, 3), 200, np.uint8))
    place, size = np.array([[58.0], [-2.0], [0.0]]), np.array([[0.3], [1.4], [1.0]])
    kind = np.array([int(ObstacleKind.BARRIER)])
    board = ObstacleStates(np.array([1001]), *place, *size, kind, np.zeros(1, np.int64))
    pictures, marked = [], []
    for bridges in ((WIDE,), ()):
        conditions = state_with(bridges, light).conditions
        state = replace(standing, conditions=conditions, pedestrians=pale, obstacles=board)
        pictures.append(buffer(camera, state)[:, :, 2])  # red
        marked.append(camera.labels(state).instance)
    for actor in (1, 1001):
        own = (marked[0] == actor) & (marked[1] == actor)
        inner = own & np.roll(own, 1, axis=0) & np.roll(own, -1, axis=0) & np.roll(own, (1, -1), axis=(0, 1))
        ratio = pictures[0][inner] / np.maximum(pictures[1][inner], 1.0)
        assert inner.sum() > 30
        assert np.median(ratio) == pytest.approx(factor, abs=0.03)


def test_light_falls_over_three_metres_at_the_edges() -> None:
    places = np.array([40.0, 48.0, 50.0, 52.0, 70.0, 91.6])
    assert light_below((WIDE,), places) == pytest.approx([1.0, 1.0, 0.7, 0.4, 0.4, 1.0])


def test_the_underside_has_35_percent_of_the_light() -> None:
    solids = Solids(sun=0.0, heading=math.pi / 2.0)
    solids.box(Frame(np.zeros(3), 0.0), (-1.0, -1.0, 0.0), (1.0, 1.0, 1.0), (200.0, 200.0, 200.0))
    layer = solids.layer()
    assert layer is not None
    centre, shade = layer.corners.mean(axis=1), layer.colours[:, 0, 0]
    assert shade[centre[:, 2] == 0.0].tolist() == pytest.approx([70.0])
    assert shade[centre[:, 2] == 1.0].tolist() == pytest.approx([200.0])
    assert shade[centre[:, 0] == 1.0].tolist() == pytest.approx([200.0])  # towards the sun
    assert shade[centre[:, 0] == -1.0].tolist() == pytest.approx([144.0])


def test_faces_of_a_box_point_outward() -> None:
    """A face towards the sun is brighter only if its corners are counter-clockwise from outside."""
    for yaw in (0.0, 1.0, 4.0):
        solids = Solids(sun=yaw, heading=yaw + math.pi / 2.0)
        solids.box(Frame(np.array([5.0, 6.0, 0.0]), yaw), (-1, -2, 0), (1, 2, 3), (100.0,) * 3)
        layer = solids.layer()
        assert layer is not None
        offset = layer.corners.mean(axis=1) - layer.corners.mean(axis=(0, 1))
        normal = np.cross(
            layer.corners[:, 1] - layer.corners[:, 0], layer.corners[:, 2] - layer.corners[:, 1]
        )
        assert len(normal) == 5 and (np.einsum("ij,ij->i", normal, offset) > 0.0).all()


def test_faces_that_nobody_sees_are_left_out() -> None:
    """The far end along the road, and what is below the ground."""
    solids = Solids(sun=0.0, heading=0.0)
    solids.box(Frame(np.zeros(3), 0.0), (-1, -1, -2), (1, 1, 3), (100.0,) * 3)
    layer = solids.layer()
    assert layer is not None
    centre = layer.corners.mean(axis=1)
    assert sorted(map(tuple, centre.round(6).tolist())) == [
        (-1, 0, 0.5),
        (0, -1, 0.5),
        (0, 0, 3),
        (0, 1, 0.5),
    ]


def test_a_truss_has_a_diagonal_in_each_bay_on_both_sides() -> None:
    """28 m in bays of 4 m: seven bays."""
    solids = Solids(sun=0.0, heading=0.0)
    add_bridge(solids, straight_road(), Bridge(BridgeKind.TRUSS, 100.0, 7.0, 5.0, -14.0, 14.0), None)
    layer = solids.layer()
    assert layer is not None
    flat = np.ptp(layer.corners[:, :, 0], axis=1) < 1e-6
    heights = np.sort(layer.corners[flat][:, :, 2], axis=1)
    assert (heights[:, 3] - heights[:, 0] > 4.0).sum() >= 14
    diagonal = (np.diff(heights, axis=1) > 0.2).all(axis=1)
    assert diagonal.sum() == 14


def test_a_deck_is_above_the_road_at_its_clearance(camera: Camera) -> None:
    """Its nearest lower edge is 50 m − 20 m − 1.7 m ahead of the camera and 5 m − 1.4 m above it."""
    state = state_with((WIDE,))
    camera.load(state.road, state.conditions)
    semantic = camera.labels(state).semantic[:, MODEL.width // 2]
    expected = MODEL.project(np.array([[30.0, 0.0, 5.0]]))[0, 1]
    structure = np.flatnonzero(semantic == SemanticClass.STRUCTURE)
    above = structure[structure < MODEL.horizon_px]
    assert above.min() == 0  # deck and screen reach above the picture, and the underside below the edge
    assert above.max() > expected - 1.0
    assert (semantic[: round(expected)] == SemanticClass.STRUCTURE).all()


def test_exposure_adapts_with_a_time_constant() -> None:
    """At 20 m/s, 14 m are one time constant of 0.7 s: 1.2 · (1 − 1/e) stops."""
    bridges = (WIDE,)
    assert adaptation_stops(bridges, 49.9, 20.0) == 0.0
    assert adaptation_stops(bridges, 64.0, 20.0) == pytest.approx(1.2 * (1.0 - math.exp(-1.0)))
    at_end = 1.2 * (1.0 - math.exp(-40.0 / 14.0))
    assert adaptation_stops(bridges, 90.0, 20.0) == pytest.approx(at_end)
    assert adaptation_stops(bridges, 104.0, 20.0) == pytest.approx(at_end * math.exp(-1.0))
    assert adaptation_stops(bridges, 60.0, 0.0) == pytest.approx(1.2)
    assert adaptation_stops((), 60.0, 20.0) == 0.0


def test_a_stop_doubles_the_light() -> None:
    image = np.array([[[10, 100, 200]]], np.uint8)
    assert expose(image, 1.0).tolist() == [[[20, 200, 255]]]
    assert np.array_equal(expose(image, 0.0), image)


@pytest.mark.parametrize(("light", "brighter"), [(Light.DAY, True), (Light.NIGHT, False)])
def test_the_picture_is_overexposed_just_behind_a_bridge(
    camera: Camera, light: Light, brighter: bool
) -> None:
    behind = replace(WIDE, station=-1.0)  # its edge is 1 m behind the ego and 2.7 m behind the camera
    open_road, left = state_with((), light), state_with((behind,), light)
    images = []
    for state in (open_road, left):
        camera.load(state.road, state.conditions)
        images.append(camera.render(state).astype(float))
    rows = slice(MODEL.height - 60, MODEL.height)
    stops = adaptation_stops((behind,), 21.7, left.ego.speed) if brighter else 0.0
    assert images[1][rows].mean() / images[0][rows].mean() == pytest.approx(2.0**stops, rel=0.03)
    assert (stops > 0.5) == brighter
