"""A wet road mirrors by Schlick's formula and draws lamps out to streaks; spray hides what is behind it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import pytest
from tiny_world import Body, TinyWorld, straight_road

from drive_stack.camera_model import CameraModel
from drive_stack.types import Image
from drive_stack.vehicle import Surface
from drive_stack.world_state import Conditions, Light, Weather, WorldState
from envs.camera import Camera
from envs.camera.atmosphere import Atmosphere
from envs.camera.sensing import CODE_ZERO, GLOSS_CODE
from envs.camera.wet import Spray
from envs.camera.wet.gloss import film, fresnel
from envs.camera.wet.spray import optical_depth
from envs.scenarios.conditions import ConditionsSpec
from envs.scenarios.quantity import fixed

MODEL = CameraModel()
RAIN = Conditions(Weather.RAIN, rain_rate=1.0, visibility=500.0)
LEFT, RIGHT = 1.8, -1.8  # centres of the two lanes [m]; the ego drives on the left one at station 20 m


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    camera = Camera(MODEL)
    yield camera
    camera.close()


def scene(conditions: Conditions, *bodies: Body) -> WorldState:
    state = TinyWorld(straight_road(), bodies=list(bodies)).world_state()
    return dataclasses.replace(state, conditions=conditions)


def picture(camera: Camera, state: WorldState, **changes: float) -> np.ndarray:
    conditions = dataclasses.replace(state.conditions, **changes)
    camera.load(state.road, conditions)
    return camera.render(dataclasses.replace(state, conditions=conditions)).astype(int)


def row_at(ahead: float) -> int:
    """Row of the road at a distance ahead of the camera [m]."""
    return int(MODEL.project(np.array([[MODEL.mount_x + ahead, 0.0, 0.0]]))[0, 1])


def test_water_mirrors_by_schlick_s_formula() -> None:
    """F = 0.02 + 0.98 (1 − sin e)⁵, which is 0.02 from above, and 0.70 at e = 4°."""
    assert fresnel(1.0) == pytest.approx(0.02)
    assert fresnel(0.0) == pytest.approx(1.0)
    assert fresnel(math.sin(math.radians(4.0))) == pytest.approx(0.02 + 0.98 * 0.930244**5, abs=1e-5)


@pytest.mark.parametrize("ahead", [12.0, 20.0, 40.0])
@pytest.mark.parametrize("light", list(Light))
def test_the_road_mirrors_the_sky_at_the_angle_of_the_line_of_sight(
    camera: Camera, ahead: float, light: Light
) -> None:
    """With gloss g, a pixel P of the road becomes (1 − g·F)·P plus g·F times the mirrored sky behind haze."""
    state = scene(dataclasses.replace(RAIN, light=light))
    row = row_at(ahead)
    area = (slice(row, row + 1), slice(MODEL.width // 2 - 30, MODEL.width // 2 + 30))
    before = picture(camera, state)[area].mean(axis=(0, 1))
    after = picture(camera, state, wet_gloss=0.6)[area].mean(axis=(0, 1))
    down = (row + 0.5 - MODEL.horizon_px) / MODEL.focal_px  # the slope, but for the pitch of 2°
    elevation = math.atan((row + 0.5 - MODEL.height / 2.0) / MODEL.focal_px) + math.radians(
        MODEL.pitch_down_deg
    )
    assert math.tan(elevation) == pytest.approx(down, rel=0.02)
    fraction = 0.6 * (0.02 + 0.98 * (1.0 - math.sin(elevation)) ** 5)
    atmosphere = Atmosphere(MODEL, state.conditions)
    haze = atmosphere.fog_colour
    arrives = 0.05 ** (MODEL.mount_z / math.tan(elevation) / 500.0)
    sky = atmosphere.backdrop.sky(np.array([math.tan(elevation)]), np.zeros(1))[0]
    expected = before + fraction * (haze + arrives * (sky - haze) - before)
    np.testing.assert_allclose(after, expected, atol=1.6)


def test_grass_and_sky_do_not_mirror(camera: Camera) -> None:
    state = scene(RAIN)
    before, after = picture(camera, state), picture(camera, state, wet_gloss=1.0)
    horizon = int(MODEL.horizon_px)
    np.testing.assert_array_equal(after[: horizon - 2], before[: horizon - 2])
    grass = MODEL.project(np.array([[MODEL.mount_x + 30.0, 12.0, 0.0]]))[0]
    np.testing.assert_array_equal(after[int(grass[1]), int(grass[0])], before[int(grass[1]), int(grass[0])])


def test_only_a_wet_road_mirrors(camera: Camera) -> None:
    assert film(RAIN) == 1.0
    assert film(dataclasses.replace(RAIN, rain_rate=1.0 / 3.0)) == pytest.approx(0.5)
    assert film(Conditions(surface=Surface.STANDING_WATER)) == 1.0
    assert film(dataclasses.replace(RAIN, surface=Surface.SNOW)) == film(Conditions()) == 0.0
    dry = scene(Conditions())
    np.testing.assert_array_equal(picture(camera, dry, wet_gloss=1.0), picture(camera, dry))


@pytest.mark.parametrize(
    ("light", "has_streak"), [(Light.DAY, False), (Light.DUSK, True), (Light.NIGHT, True)]
)
def test_tail_lamps_have_red_streaks_below_them(camera: Camera, light: Light, has_streak: bool) -> None:
    """The difference to the picture of a car without lamps is red, below a lamp, and narrow."""
    state = scene(dataclasses.replace(RAIN, light=light), Body(50.0, LEFT))
    unlit = dataclasses.replace(state, vehicles=dataclasses.replace(state.vehicles, unlit=np.array([True])))
    lit, dark = (picture(camera, each, wet_gloss=1.0) for each in (state, unlit))
    rear = 50.0 - 2.25 - 20.0  # ahead of the ego's rear axle [m]
    (left, foot, _), (right, _, _) = MODEL.project(
        np.array([[rear, 0.38 * 1.8, 0.0], [rear, -0.38 * 1.8, 0.0]])
    )
    below = slice(int(foot) + 6, int(foot) + 30)
    added = (lit - dark)[below]
    for column in (int(left), int(right)):
        red, green, blue = added[:, column].mean(axis=0)
        assert (red > 20.0) == has_streak
        assert red >= 5.0 * max(green, blue) or not has_streak
    assert np.abs(added[:, int((left + right) / 2.0)]).max() <= 6
    assert np.abs(added[:, int(left) - 40]).max() == 0


def test_spray_grows_with_the_square_of_the_speed_with_height_and_with_rain() -> None:
    speed, height = np.array([25.0, 12.5, 25.0]), np.array([1.5, 1.5, 3.0])
    np.testing.assert_allclose(optical_depth(speed, height, 1.0), [0.9, 0.225, 1.8])
    np.testing.assert_allclose(optical_depth(speed, height, 0.5), [0.45, 0.1125, 0.9])


def transmittance_of(state: WorldState, large: np.ndarray) -> np.ndarray:
    """How much of the difference between a black and a white background remains (H, W)."""
    conditions = state.conditions
    atmosphere = Atmosphere(MODEL, conditions)
    spray = Spray(conditions, atmosphere.fog_colour)
    pictures: list[Image] = [np.full((MODEL.height, MODEL.width, 3), level, np.uint8) for level in (0, 255)]
    for image in pictures:
        spray.apply(image, large, MODEL, atmosphere, state)
    black, white = (image[:, :, 1].astype(float) for image in pictures)
    return (white - black) / 255.0


NOTHING_UPRIGHT = np.zeros((2 * MODEL.height, 2 * MODEL.width, 4), np.uint8)


def plume_scene(speed: float) -> WorldState:
    body = Body(70.0, LEFT, speed=speed, length=4.5, width=1.8)
    state = scene(dataclasses.replace(RAIN, spray=1.0), body)
    return dataclasses.replace(state, vehicles=dataclasses.replace(state.vehicles, height=np.array([1.5])))


def test_the_transmittance_of_a_plume_follows_its_formula() -> None:
    """At 20 m/s the depth is 0.576 in four puffs, whose centres are 2.25 m + (k + ½)/4 · 10 m behind the car.

    Their standard deviations are 0.81 m across and 0.42 m up, growing by a fifth of the first each.
    """
    found = transmittance_of(plume_scene(20.0), NOTHING_UPRIGHT)
    column, row = MODEL.width // 2 + 3, int(MODEL.horizon_px) - 2
    total = 0.0
    for k in range(4):
        across, up = 0.81 * (1.0 + 0.2 * k), 0.42 * (1.0 + 0.2 * k)
        ahead = 50.0 - 2.25 - (k + 0.5) / 4.0 * 10.0
        u, v, depth = MODEL.project(np.array([[ahead, 0.0, up]]))[0]
        x = (column + 0.5 - u) / (MODEL.focal_px * across / depth)
        y = (row + 0.5 - v) / (MODEL.focal_px * up / depth)
        total += 0.576 / 4.0 * math.exp(-0.5 * (x * x + y * y))
    assert found[row, column] == pytest.approx(math.exp(-total), abs=0.015)
    assert found.min() > math.exp(-0.576) - 0.015


def test_spray_hides_only_what_is_behind_it() -> None:
    """Alpha 64 + 191·t with t = 0.05^(d / 500) says that a thing is d away."""
    state, far, near = plume_scene(25.0), NOTHING_UPRIGHT.copy(), NOTHING_UPRIGHT.copy()
    far[:, :, 3] = round(CODE_ZERO + 191.0 * 0.05 ** (60.0 / 500.0))
    near[:, :, 3] = round(CODE_ZERO + 191.0 * 0.05 ** (20.0 / 500.0))
    assert transmittance_of(state, far).min() < 0.5
    assert transmittance_of(state, near).min() == 1.0
    ground = transmittance_of(state, NOTHING_UPRIGHT)
    assert (ground[row_at(20.0) :] == 1.0).all()  # the road in front of the plume


def test_vehicles_that_stand_and_dry_weather_have_no_spray() -> None:
    assert (transmittance_of(plume_scene(0.0), NOTHING_UPRIGHT) == 1.0).all()
    moving = plume_scene(25.0)
    dry = dataclasses.replace(moving.conditions, weather=Weather.OVERCAST, rain_rate=0.0)
    assert (transmittance_of(dataclasses.replace(moving, conditions=dry), NOTHING_UPRIGHT) == 1.0).all()


def test_labels_and_the_buffer_s_colours_do_not_change(camera: Camera) -> None:
    state = scene(RAIN, Body(50.0, RIGHT))
    found = []
    for gloss in (0.0, 1.0):
        conditions = dataclasses.replace(RAIN, wet_gloss=gloss, spray=gloss)
        camera.load(state.road, conditions)
        wet = dataclasses.replace(state, conditions=conditions)
        semantic = camera.labels(wet).semantic
        camera.render(wet)
        found.append((semantic, camera._renderer.draw(0).copy()))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1][:, :, :3], found[1][1][:, :, :3])
    assert set(np.unique(found[1][1][:, :, 3][found[1][1][:, :, 3] < CODE_ZERO])) == {0, GLOSS_CODE}


def test_gloss_and_spray_are_drawn_apart_from_the_other_conditions() -> None:
    plain, wet = (
        ConditionsSpec(**keys).draw(np.random.default_rng(4), 0)
        for keys in ({}, {"wet_gloss": fixed(0.5), "spray": fixed(0.8)})
    )
    assert (plain.wet_gloss, plain.spray) == (0.0, 0.0)
    assert wet == dataclasses.replace(plain, wet_gloss=0.5, spray=0.8)
