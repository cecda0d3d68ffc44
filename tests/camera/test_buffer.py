"""The rendered buffer: each kind of actor has its own colour times the light once, and its haze once.

Alpha is 64 + 191·t with the transmittance t = 0.05^(distance / visibility), which is written out here.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_world import Body, TinyWorld, straight_road

from drive_stack.camera_model import CameraModel
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import (
    Conditions,
    Light,
    ObstacleKind,
    ObstacleStates,
    PedestrianStates,
    WalkerKind,
    Weather,
    WorldState,
)
from envs.bodies import BODIES, MOTORCYCLE
from envs.camera import Camera
from envs.camera.light_laws import headlamp_intensity
from envs.camera.vertex_shading import shade_vertices
from envs.speed_limits import SpeedLimits

MODEL = CameraModel()
EGO_STATION = 20.0
CAR, TRUCK, PERSON, BARRIER = 1, 2, 3, 90
VISIBILITY = {Weather.CLEAR: 2000.0, Weather.OVERCAST: 1200.0, Weather.RAIN: 500.0, Weather.FOG: 150.0}
SOME = (  # each weather and each light
    (Weather.CLEAR, Light.DAY), (Weather.FOG, Light.DAY), (Weather.RAIN, Light.DUSK),
    (Weather.CLEAR, Light.NIGHT), (Weather.OVERCAST, Light.NIGHT),
)  # fmt: skip
TAIL_LAMP, BRAKE_LAMP, INDICATOR = (183.6, 12.75, 12.75), (255.0, 40.8, 25.5), (255.0, 168.3, 25.5)


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    camera = Camera(MODEL)
    yield camera
    camera.close()


def conditions_of(weather: Weather, light: Light) -> Conditions:
    """The sun stands ahead, so that it does not reach the faces that the camera sees."""
    return Conditions(weather, light, VISIBILITY[weather], sun_azimuth=0.0)


def scene(conditions: Conditions) -> WorldState:
    """A red car, a lorry, a person and a barrier at four distances."""
    bodies = [Body(50.0, 1.8), Body(80.0, -1.8, length=8.0, width=2.5), Body(56.0, -4.2, is_pedestrian=True)]
    state = TinyWorld(straight_road(), bodies=bodies).world_state()
    red = np.array([[150, 26, 30]] * 2, np.uint8)
    vehicles = dataclasses.replace(state.vehicles, colour=red, body=np.array([0, 5]))
    x, y, yaw, length, width, height = np.array([[40.0], [-3.2], [0.0], [0.3], [1.4], [1.0]])
    kind, form = np.array([1]), np.array([0])
    barrier = ObstacleStates(np.array([BARRIER]), x, y, yaw, length, width, height, kind, form)
    return dataclasses.replace(state, vehicles=vehicles, obstacles=barrier, conditions=conditions)


def buffer_of(camera: Camera, state: WorldState) -> NDArray[np.int64]:
    """Return the buffer (2·H, 2·W, 4) RGBA of a state, top row first."""
    camera.render(state)
    return camera._renderer.draw(0)[::-1, :, [2, 1, 0, 3]].astype(np.int64)


def inside(camera: Camera, state: WorldState, actor: int) -> NDArray[np.bool_]:
    """Return where the buffer shows an actor: its labels without their outermost pixels.

    A few of their four samples each may see what is behind the actor, between the wheels for example.
    """
    own = camera.labels(state).instance == actor
    inner = own.copy()
    for shift, axis in itertools.product((1, -1), (0, 1)):
        inner &= np.roll(own, shift, axis)
    samples = np.repeat(np.repeat(inner, 2, axis=0), 2, axis=1)
    assert samples.sum() > 25
    return samples


def unchanged(camera: Camera, state: WorldState) -> NDArray[np.int64]:
    """Return the buffer of a scene with full light and perfectly clear air."""
    assert camera._loaded is not None
    atmosphere = camera._loaded.atmosphere
    kept = atmosphere.ambient, atmosphere.visibility, atmosphere.night
    atmosphere.ambient, atmosphere.visibility, atmosphere.night = 1.0, 1e9, False
    plain = buffer_of(camera, state)
    atmosphere.ambient, atmosphere.visibility, atmosphere.night = kept
    return plain


def hold(differences: NDArray[np.float64], tolerance: float) -> bool:
    """Whether samples differ by at most ``tolerance``, but for the few that see something else."""
    return bool((np.abs(differences) <= tolerance).mean() > 0.93)


def place(state: WorldState, actor: int) -> FloatArray:
    """Return an actor's place ahead and to the left of the ego [m]."""
    for kind in (state.vehicles, state.pedestrians, state.obstacles):
        for row in np.flatnonzero(kind.id == actor):
            return np.array([kind.x[row] - EGO_STATION, kind.y[row] - state.ego.y])
    raise AssertionError(actor)


def expected_alpha(state: WorldState, actor: int, luminance: float = 1.0) -> float:
    through = 0.05 ** (float(np.hypot(*place(state, actor))) / state.conditions.visibility)
    return 64.0 + 191.0 * min(luminance * through, 1.0)


def expected_ambient(conditions: Conditions) -> float:
    """Return 1 by day and 0.62 at dusk, 0.85 of both below clouds; 0.13 at night, 0.091 below clouds."""
    clear = conditions.weather is Weather.CLEAR
    if conditions.light is Light.NIGHT:
        return 0.13 if clear else 0.091
    return (1.0 if clear else 0.85) * (0.62 if conditions.light is Light.DUSK else 1.0)


def expected_light(state: WorldState, actor: int) -> float:
    """Return the ambient light, and at night 1.9 times the low beam's intensity."""
    x, y = place(state, actor)
    ambient = expected_ambient(state.conditions)
    if state.conditions.light is not Light.NIGHT:
        return ambient
    return float(min(ambient + 1.9 * headlamp_intensity(np.maximum(x, 20.0), y), 1.0))


@pytest.mark.parametrize(("weather", "light"), list(itertools.product(Weather, Light)))
def test_actors_have_light_and_haze_once(camera: Camera, weather: Weather, light: Light) -> None:
    state = scene(conditions_of(weather, light))
    camera.load(state.road, state.conditions)
    buffer, plain = buffer_of(camera, state), unchanged(camera, state)
    for actor in (CAR, TRUCK, PERSON, BARRIER):
        shown = inside(camera, state, actor)
        lamps = shown & (np.abs(buffer[:, :, :3] - TAIL_LAMP) <= 1.0).all(axis=2)
        assert (lamps.sum() > 8) == (actor in (CAR, TRUCK) and light is not Light.DAY)
        assert np.abs(buffer[lamps, 3] - expected_alpha(state, actor, 4.0)).max(initial=0.0) <= 1.0
        body = shown & ~lamps
        assert hold(buffer[body, 3] - expected_alpha(state, actor), 1.0)
        assert hold(buffer[body, :3] - plain[body, :3] * expected_light(state, actor), 1.5)


def other_kinds(conditions: Conditions) -> WorldState:
    """A motorcycle, and one each of what moves like a pedestrian and of what lies on the road."""
    state = scene(conditions)
    bike = dataclasses.replace(
        TinyWorld(straight_road(), bodies=[Body(42.0, -1.8, length=2.2, width=0.8)]).world_state().vehicles,
        colour=np.array([[150, 26, 30]], np.uint8), body=np.array([MOTORCYCLE]), height=np.array([1.45]),
    )  # fmt: skip
    kinds = np.array([kind for kind in WalkerKind if kind is not WalkerKind.PERSON])
    count = len(kinds)
    clothes = np.tile(
        np.array([[150, 60, 50], [60, 60, 120], [90, 60, 40], [220, 180, 150]], np.uint8), (count, 1, 1)
    )
    walkers = PedestrianStates(
        id=10 + np.arange(count), x=np.full(count, EGO_STATION + 20.0), y=np.linspace(-7.0, 7.0, count),
        yaw=np.full(count, np.pi / 2.0), speed=np.zeros(count), height=np.full(count, 1.4),
        radius=np.zeros(count), length=np.full(count, 1.6), width=np.full(count, 0.6), gait=np.zeros(count),
        child=np.zeros(count, np.bool_), clothes=clothes, kind=kinds,
    )  # fmt: skip
    lying = np.array([kind for kind in ObstacleKind if kind is not ObstacleKind.BARRIER])
    things = ObstacleStates(
        id=30 + np.arange(len(lying)), x=np.full(len(lying), EGO_STATION + 11.0),
        y=np.linspace(-4.0, 4.0, len(lying)), yaw=np.zeros(len(lying)), length=np.full(len(lying), 0.8),
        width=np.full(len(lying), 0.8), height=np.full(len(lying), 0.5), kind=lying, form=lying,
    )  # fmt: skip
    return dataclasses.replace(state, vehicles=bike, pedestrians=walkers, obstacles=things)


@pytest.mark.parametrize(("weather", "light"), SOME)
def test_other_kinds_have_light_and_haze_once(camera: Camera, weather: Weather, light: Light) -> None:
    state = other_kinds(conditions_of(weather, light))
    camera.load(state.road, state.conditions)
    buffer, plain = buffer_of(camera, state), unchanged(camera, state)
    actors = [CAR, *state.pedestrians.id.tolist(), *state.obstacles.id.tolist()]
    for actor in actors:
        shown = inside(camera, state, actor)
        lamps = shown & (np.abs(buffer[:, :, :3] - TAIL_LAMP) <= 1.0).all(axis=2)
        assert lamps.any() == (actor == CAR and light is not Light.DAY)
        body = shown & ~lamps
        assert hold(buffer[body, 3] - expected_alpha(state, actor), 1.0), actor
        assert hold(buffer[body, :3] - plain[body, :3] * expected_light(state, actor), 1.5), actor


@pytest.mark.parametrize(("weather", "light"), SOME)
def test_signs_have_light_and_haze_once_and_return_the_headlamps_light(
    camera: Camera, weather: Weather, light: Light
) -> None:
    """By night a sign has five times the low beam's intensity, 1 at most, as its board reflects."""
    state = dataclasses.replace(
        TinyWorld(straight_road()).world_state(), conditions=conditions_of(weather, light)
    )
    camera.load(state.road, state.conditions, SpeedLimits(np.array([EGO_STATION + 40.0]), np.array([27.8])))
    buffer, plain = buffer_of(camera, state), unchanged(camera, state)
    for lateral in (
        edge + side * 1.4 for edge, side in zip(state.road.paved(60.0), (-1.0, 1.0), strict=True)
    ):
        place = np.array([40.0, lateral - state.ego.lateral])
        across, up = (
            grid.ravel() for grid in np.meshgrid(np.linspace(-0.3, 0.3, 9), np.linspace(1.9, 2.5, 9))
        )
        points = np.column_stack([np.full(81, place[0]), place[1] + across, up])
        column, row = (2.0 * MODEL.project(points)[:, :2]).astype(int).T
        seen, full = buffer[row, column], plain[row, column]
        through = 0.05 ** (float(np.hypot(*place)) / state.conditions.visibility)
        assert np.abs(seen[:, 3] - (64.0 + 191.0 * through)).max() <= 1.0
        bright = expected_ambient(state.conditions)
        if light is Light.NIGHT:
            bright = min(bright + 5.0 * float(headlamp_intensity(*place)), 1.0)
        assert np.abs(seen[:, :3] - full[:, :3] * bright).max() <= 1.5
        assert np.ptp(full[:, :3]) > 100  # red, white and black


def test_a_lit_face_has_its_reflectance_times_the_light(camera: Camera) -> None:
    """A barrier's stripes (236, 236, 232) and (190, 30, 30) in the light (0.66, 0.67, 0.70) of the sky.

    The reflectance is the square of the paint: 236² / 255 = 218 and so on.
    """
    state = scene(Conditions(visibility=1e9, sun_azimuth=0.0))
    camera.load(state.road, state.conditions)
    pixels = buffer_of(camera, state)[inside(camera, state, BARRIER)][:, :3]
    stripes = np.array([[218, 218, 211], [142, 4, 4]]) * [0.66, 0.67, 0.70]
    error = np.abs(pixels[:, None] - stripes).max(axis=2)
    assert (error <= 1.0).any(axis=0).all()
    assert (error.min(axis=1) <= 1.0).mean() > 0.8  # the top edge is in the sun


@pytest.mark.parametrize("ahead", [30.0, 70.0])
@pytest.mark.parametrize("index", range(len(BODIES)), ids=[body.name for body in BODIES])
def test_dark_lamps_fog_as_the_body_does_and_lit_ones_later(camera: Camera, index: int, ahead: float) -> None:
    kind = BODIES[index]
    body = Body(EGO_STATION + ahead, 1.8, length=kind.length[0], width=kind.width[0])
    state = TinyWorld(straight_road(), bodies=[body]).world_state()
    vehicles = dataclasses.replace(state.vehicles, body=np.array([index]), height=np.array([kind.height[0]]))
    dark = dataclasses.replace(state, vehicles=vehicles, conditions=Conditions(Weather.FOG, visibility=150.0))
    lit_vehicles = dataclasses.replace(vehicles, brake_lamp=np.array([True]), indicator=np.array([2]))
    lit = dataclasses.replace(dark, vehicles=lit_vehicles)
    camera.load(dark.road, dark.conditions)
    shown = inside(camera, dark, CAR)
    assert hold(buffer_of(camera, dark)[shown, 3] - expected_alpha(dark, CAR), 1.0)
    buffer = buffer_of(camera, lit)
    for colour in (BRAKE_LAMP, INDICATOR):
        lamps = (np.abs(buffer[:, :, :3] - colour) <= 1.0).all(axis=2)
        assert lamps.any()
        assert np.abs(buffer[lamps, 3] - expected_alpha(lit, CAR, 4.0)).max() <= 1.0


@pytest.mark.parametrize("weather", [Weather.CLEAR, Weather.FOG])
def test_a_guard_rail_fades_with_its_distance_without_steps(camera: Camera, weather: Weather) -> None:
    """On a straight road the right rail's distance follows from the column: f · lateral / (u − u0)."""
    state = dataclasses.replace(
        TinyWorld(straight_road()).world_state(), conditions=conditions_of(weather, Light.DAY)
    )
    camera.load(state.road, state.conditions)
    semantic = camera.labels(state).semantic
    buffer = buffer_of(camera, state)
    left = state.road.paved(100.0)[0] - 0.5 - state.ego.lateral
    columns = np.arange(MODEL.width // 2 + 20, MODEL.width - 4)
    errors = []
    for u in columns:
        rows = np.flatnonzero(semantic[:, u] == SemanticClass.STRUCTURE)
        ahead = MODEL.mount_x + MODEL.focal_px * -left / (u + 0.5 - MODEL.width / 2.0)
        alpha = 64.0 + 191.0 * 0.05 ** (np.hypot(ahead, left) / state.conditions.visibility)
        samples = buffer[2 * rows, 2 * u, 3]
        errors.append(samples[samples > 0] - alpha)  # 0 is the ground at the rail's edges
    assert hold(np.concatenate(errors), 3.0)


def test_a_tree_far_from_the_road_is_dark_at_night_and_a_rail_is_lit() -> None:
    """Twenty metres ahead the beam's width is 7.1 m: nothing of it arrives 25 m to the side."""
    points = np.zeros(2, dtype=[("vertex", "<f4", 3)])
    points["vertex"] = [[20.0, 25.0, 0.0], [20.0, -4.0, 0.0]]
    colours, shaded = np.full((2, 4), 200, np.uint8), np.empty((2, 4), np.uint8)
    shade_vertices(points["vertex"], colours, 0.0, 0.0, 1.0, 0.0, 2000.0, 0.13, True, shaded)
    assert shaded[0, 0] == pytest.approx(26, abs=1) and shaded[1, 0] == 200
    through = 0.05 ** (np.hypot(20.0, 25.0) / 2000.0)
    assert shaded[0, 3] == pytest.approx(64.0 + 191.0 * through, abs=1.0)
