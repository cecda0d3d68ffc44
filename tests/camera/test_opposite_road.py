"""Pictures and labels of the opposite carriageway's traffic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scenario_worlds import world

from drive_stack.camera_model import CameraModel
from drive_stack.camera_pose import true_camera
from drive_stack.geometry import box_corners, to_local
from drive_stack.objects.classes import GROUPS, ClassGroup
from drive_stack.objects.vehicles import select_vehicles
from drive_stack.types import FloatArray, ObjectClass, SemanticClass
from drive_stack.world_state import Conditions, Light, VehicleStates, Weather, WorldState
from envs.camera import Camera
from envs.camera.roadside.headlamps import OncomingHeadlamps
from envs.oracles.perception import TrueDetector, TrueLifter, iou
from envs.world import World

MODEL = CameraModel()
SCENES = {
    "straight": "road: {kind: straight, lanes: 2}",
    "left bend": "road: {kind: curve, side: left, radius: 400, begins: 420, length: 450}",
    "right bend": "road: {kind: curve, side: right, radius: 400, begins: 420, length: 450}",
    "crest": "road: {kind: straight, grades: [{begins: 0, percent: 4}, {begins: 560, percent: -3}]}",
    "sag": "road: {kind: straight, grades: [{begins: 0, percent: -4}, {begins: 560, percent: 3}]}",
}


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    camera = Camera(MODEL)
    yield camera
    camera.close()


def scene(text: str, seed: int = 3) -> World:
    ego = "ego: {lane: leftmost, station: 440}\nscenery: {opposite_traffic: 16}\n"
    return world(f"{text}\n{ego}", seed)


def background(state: WorldState) -> VehicleStates:
    assert state.background_vehicles is not None
    return state.background_vehicles


def staged(here: World, ahead: tuple[float, ...] = (26.0, 40.0, 70.0)) -> WorldState:
    """Return a state with cars of the opposite traffic in its fastest lane at distances from the ego [m]."""
    state, carriageway = here.state(), here.conditions.scenery.opposite
    assert here._episode.background is not None
    traffic = here._episode.background.opposite
    assert carriageway is not None and traffic is not None
    is_car = np.flatnonzero(traffic.vehicles.label == int(ObjectClass.CAR))
    cars = select_vehicles(traffic.vehicles, is_car[: len(ahead)])
    station, lateral = state.ego.station + np.array(ahead), np.full(len(ahead), carriageway.lanes[0])
    place, yaw = here.road.to_world(station, lateral)
    cars = replace(cars, x=place[:, 0], y=place[:, 1], yaw=yaw + np.pi, station=station, lateral=lateral)
    return replace(state, background_vehicles=cars)


def projected_box(state: WorldState, row: int) -> FloatArray:
    """Return left, top, right, bottom [px] of a background vehicle's box."""
    cars, ego, profile = background(state), state.ego, state.road.profile
    size = float(cars.length[row]), float(cars.width[row])
    corners = box_corners(np.array([cars.x[row], cars.y[row]]), float(cars.yaw[row]), *size)
    station = np.array([state.road.to_road(float(x), float(y))[0] for x, y in corners])
    ground = profile.height_at(station) - profile.height_at(np.asarray(ego.station))
    flat = to_local(corners, np.array([ego.x, ego.y]), ego.yaw)
    low, high = (np.column_stack([flat, ground + up]) for up in (0.0, float(cars.height[row])))
    pixels = true_camera(MODEL, state).project(np.vstack([low, high]))[:, :2]
    return np.concatenate([pixels.min(axis=0), pixels.max(axis=0)])


@pytest.mark.parametrize("name", SCENES)
def test_masks_agree_with_projected_boxes(camera: Camera, name: str) -> None:
    """Guard rails hide the lower part of a vehicle, and nothing hides its top and sides."""
    here = scene(SCENES[name])
    state = staged(here)
    camera.load(here.road, here.conditions)
    ids = background(state).id.tolist()
    boxes = camera.labels(state).boxes
    compared = 0
    for box in boxes:
        if box.actor_id not in ids:
            continue
        expected, found = projected_box(state, ids.index(box.actor_id)), np.array(box.box)
        assert (found[:2] > expected[:2] - 1.5).all() and (found[2:] < expected[2:] + 1.5).all()
        inside = expected[0] > 1.0 and expected[2] < MODEL.width - 1.0
        alone = sum(iou(box.box, other.box) > 0.0 for other in boxes) == 1
        if inside and alone and found[3] - found[1] >= 3.0:  # less is only the edge of a roof
            compared += 1
            assert np.abs(found - expected)[:3].max() < 1.5 + 0.06 * (expected[2:] - expected[:2]).max()
    assert compared >= 2


def test_they_are_labelled_as_vehicles_at_their_own_distance(camera: Camera) -> None:
    here = scene(SCENES["straight"])
    state = staged(here)
    camera.load(here.road, here.conditions)
    labels, cars = camera.labels(state), background(state)
    seen = [box for box in labels.boxes if box.actor_id in cars.id]
    assert len(seen) == len(cars.id)
    for box in seen:
        row = cars.id.tolist().index(box.actor_id)
        assert int(box.label) == cars.label[row] and GROUPS[box.label] is ClassGroup.VEHICLES
        place = to_local(np.array([cars.x[row], cars.y[row]]), np.array([state.ego.x, state.ego.y]), 0.0)
        depth = labels.depth[labels.instance == box.actor_id]
        assert depth == pytest.approx(place[0] - MODEL.mount_x, rel=0.02)
        assert (labels.semantic[labels.instance == box.actor_id] == SemanticClass[box.label.name]).all()


def test_a_perfect_detector_finds_and_places_them(camera: Camera) -> None:
    here = scene(SCENES["straight"])
    state = staged(here)
    camera.load(here.road, here.conditions)

    class Source:
        def world_state(self) -> WorldState:
            return state

        def labels(self):  # type: ignore[no-untyped-def]
            return camera.labels(state)

        def forecast(self, horizon: float, dt: float) -> dict[int, FloatArray]:
            raise AssertionError

    lifted = TrueLifter(Source()).lift(TrueDetector(Source()).detect(np.zeros((1, 1, 3), np.uint8)))
    cars = background(state)
    # the nearest end of an oncoming vehicle is its front
    front = np.column_stack([cars.x - cars.length / 2.0 - state.ego.x, cars.y - state.ego.y])
    assert len(lifted) == len(front)
    for thing in lifted:
        assert np.linalg.norm(front - thing.position, axis=1).min() < 0.05


@pytest.mark.parametrize("light", Light)
def test_headlamps_are_white_spots_by_dusk_and_night(camera: Camera, light: Light) -> None:
    here = scene(SCENES["straight"])
    conditions = replace(here.conditions, light=light)
    state = replace(staged(here, (60.0, 90.0, 135.0, 200.0)), conditions=conditions)
    dark = np.array([[24, 25, 27]] * 4, np.uint8)
    state = replace(state, background_vehicles=replace(background(state), colour=dark))
    camera.load(here.road, conditions)
    image, labels = camera.render(state), camera.labels(state)
    for actor in background(state).id:
        brightest = int(image[labels.instance == actor].min(axis=1).max())
        assert brightest < 215 if light is Light.DAY else brightest > 225


def test_spots_are_seen_but_not_labelled(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    """They reach beyond the vehicles, so they would make the boxes wider."""
    here = scene(SCENES["straight"])
    conditions = replace(here.conditions, light=Light.NIGHT)
    state = replace(staged(here), conditions=conditions)
    seen = []
    for _ in range(2):
        camera.load(here.road, conditions)
        seen.append((camera.labels(state).instance, camera.render(state)))
        monkeypatch.setattr(OncomingHeadlamps, "update", lambda *_: None)
    assert np.array_equal(seen[0][0], seen[1][0])
    assert not np.array_equal(seen[0][1], seen[1][1])


def test_the_same_state_gives_the_same_picture(camera: Camera) -> None:
    first, again = (scene(SCENES["left bend"], 8) for _ in range(2))
    images = []
    for here in (first, again):
        camera.load(here.road, replace(here.conditions, light=Light.NIGHT), here.limits)
        images.append(camera.render(here.state()))
    assert np.array_equal(*images)


def test_its_asphalt_begins_beyond_the_central_reserve(camera: Camera) -> None:
    """On a straight road, the ground at a lateral y is in the column f·y / x: grass, then pavement."""
    here = scene("road: {kind: straight, lanes: 3, left_shoulder: 1}")
    state = replace(here.state(), background_vehicles=None)
    camera.load(here.road, here.conditions)
    semantic = camera.labels(state).semantic
    carriageway = here.conditions.scenery.opposite
    assert carriageway is not None
    places = {
        SemanticClass.TERRAIN: here.road.paved(500.0)[1] + 2.0,
        SemanticClass.SHOULDER: carriageway.outer_edge - 1.0,
        SemanticClass.ROAD: carriageway.lanes[2],
    }
    for kind, lateral in places.items():
        points = np.array([[ahead, lateral - state.ego.lateral, 0.0] for ahead in np.arange(30.0, 70.0, 1.0)])
        pixels = MODEL.project(points)[:, :2].astype(int)
        found = semantic[pixels[:, 1], pixels[:, 0]]
        ground = found[found != SemanticClass.STRUCTURE]
        assert len(ground) > 10 and (ground == kind).mean() > 0.8


def test_conditions_without_scenery_draw_no_second_carriageway(camera: Camera) -> None:
    here = scene(SCENES["straight"])
    state = replace(here.state(), background_vehicles=None)
    camera.load(here.road, Conditions(Weather.CLEAR, Light.DAY))
    semantic = camera.labels(state).semantic
    assert not (semantic[:, :100] == SemanticClass.ROAD).any()
