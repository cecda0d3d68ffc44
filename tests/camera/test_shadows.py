"""Shadows on the ground: direction and length by hand, brightness, and when there are none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from tiny_world import TinyWorld, straight_road

from drive_stack.camera_model import CameraModel
from drive_stack.road.scenery import BarrierColour, Bridge, BridgeKind, NoiseBarrier, Scenery
from drive_stack.road.vertical_profile import build_profile
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions, Light, Weather, WorldState
from envs.camera import Camera
from envs.camera.ground import Layer
from envs.camera.roadside.shadows import SUN_SHADE, Shade
from envs.camera.scenery import tree_shapes
from envs.camera.signs import Face, Sign

MODEL = CameraModel()
ROAD = straight_road()
DECK = Bridge(BridgeKind.FOOTBRIDGE, 150.0, 4.0, 5.0, -14.0, 14.0)  # its railings end at 6.7 m


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    camera = Camera(MODEL)
    yield camera
    camera.close()


def sunny(azimuth_deg: float, elevation_deg: float, **scenery: object) -> Conditions:
    return Conditions(
        visibility=1e6,
        sun_azimuth=math.radians(azimuth_deg),
        sun_elevation=math.radians(elevation_deg),
        scenery=Scenery(shadows=True, **scenery),  # type: ignore[arg-type]
    )


def shade_of(conditions: Conditions, start: float = 100.0, end: float = 200.0) -> Layer:
    layer = Shade(ROAD, conditions).layer(start, end)
    assert layer is not None
    return layer


def area(quads: FloatArray) -> float:
    x, y = quads[..., 0], quads[..., 1]
    return float(np.abs((x * np.roll(y, -1, 1) - np.roll(x, -1, 1) * y).sum(axis=1) / 2.0).sum())


@pytest.mark.parametrize(
    ("azimuth", "elevation", "expected"),
    [
        (0.0, 45.0, (-1.0, 0.0)),  # a sun ahead casts shadows backward
        (90.0, 45.0, (0.0, -1.0)),  # a sun on the left casts them to the right
        (-90.0, 30.0, (0.0, 3.0**0.5)),
        (180.0, 60.0, (3.0**-0.5, 0.0)),
        (90.0, 1.0, (0.0, -8.0)),  # at most eight times the height
    ],
)
def test_shadows_lie_opposite_to_the_sun(
    azimuth: float, elevation: float, expected: tuple[float, float]
) -> None:
    assert Shade(ROAD, sunny(azimuth, elevation)).cast == pytest.approx(expected, abs=1e-9)


def test_a_decks_shadow_begins_at_its_lower_edge_and_ends_at_its_upper_one() -> None:
    """With the sun ahead at 45°: from 152 − 5 m, the far lower edge, to 148 − 6.7 m, the near upper one."""
    layer = shade_of(sunny(0.0, 45.0, bridges=(DECK,)))
    wide = np.ptp(layer.corners[:, :, 1], axis=1) > 20.0
    in_sun = wide & np.isclose(layer.colours[:, 0, 0], 255.0 * SUN_SHADE)
    reach = layer.corners[in_sun][:, :, 0]
    assert (reach.min(), reach.max()) == pytest.approx((141.3, 147.0))
    below = wide & np.isclose(layer.colours[:, 0, 0], 255.0 * 0.4)
    assert (layer.corners[below][:, :, 0].min(), layer.corners[below][:, :, 0].max()) == pytest.approx(
        (148.0, 152.0)
    )
    assert area(layer.corners[in_sun]) == pytest.approx(28.0 * 5.7)


def test_a_boards_shadow_has_its_width_and_its_length_by_the_elevation() -> None:
    """A board of 3 m by 2 m at 1 m above the road, with the sun ahead at 30°: 2 · √3 long."""
    shade = Shade(ROAD, sunny(0.0, 30.0))
    plain = shade.layer(100.0, 200.0)
    assert plain is not None
    shade.add_signs([Sign(Face.LANE_ENDS, 150.0, 0.0, 1.0, 3.0, 2.0, ("||",))])
    layer = shade.layer(100.0, 200.0)
    assert layer is not None
    central = (np.abs(layer.corners[:, :, 1]) < 1.6).all(axis=1)
    board = layer.corners[central & (np.ptp(layer.corners[:, :, 1], axis=1) > 2.0)]
    assert np.ptp(board[..., 0]) == pytest.approx(2.0 * 3.0**0.5)
    assert board[..., 0].max() == pytest.approx(150.0 - 3.0**0.5)
    assert area(board) == pytest.approx(3.0 * 2.0 * 3.0**0.5)
    assert len(layer.corners) > len(plain.corners)


def test_a_trees_shadow_ends_where_its_top_is_thrown() -> None:
    conditions = sunny(60.0, 35.0)
    shade = Shade(ROAD, conditions)
    (corners, _), *_ = tree_shapes(ROAD, conditions, 120.0, 160.0)
    hull = shade._hull(corners.reshape(-1, 3))
    top = corners.reshape(-1, 3)[corners[..., 2].argmax()]
    thrown = top[:2] + top[2] / math.tan(math.radians(35.0)) * -np.array([0.5, 3.0**0.5 / 2.0])
    away = shade.cast / np.linalg.norm(shade.cast)
    furthest = hull.reshape(-1, 3)[(hull[..., :2] @ away).argmax()]
    assert furthest[:2] == pytest.approx(thrown, abs=1e-6)
    assert (hull[..., 2] == 0.0).all()


def test_on_a_grade_shadows_lie_on_the_ground() -> None:
    road = replace(ROAD, profile=build_profile(((0.0, 0.04, 3000.0),)))
    conditions = sunny(0.0, 45.0, bridges=(replace(DECK, station=400.0),))
    layer = Shade(road, conditions).layer(300.0, 500.0)
    assert layer is not None
    places = layer.corners.reshape(-1, 3)
    height, _ = road.ground_under(places[:, 0], places[:, 1], np.zeros(len(places)))
    above = places[:, 2] - height
    assert above.min() > 0.0 and above.max() < 0.15


@pytest.mark.parametrize(
    "conditions",
    [
        replace(sunny(0.0, 45.0), weather=Weather.OVERCAST),
        replace(sunny(0.0, 45.0), light=Light.DUSK),
        replace(sunny(0.0, 45.0), light=Light.NIGHT),
        replace(sunny(0.0, 45.0), scenery=Scenery()),
    ],
)
def test_there_are_none_without_the_sun_or_the_key(conditions: Conditions) -> None:
    assert Shade(ROAD, conditions).layer(100.0, 200.0) is None


def buffer(camera: Camera, conditions: Conditions) -> tuple[FloatArray, WorldState]:
    state = replace(TinyWorld(ROAD).world_state(), conditions=conditions)
    camera.load(ROAD, conditions)
    camera.render(state)
    return camera._renderer.draw(0)[::-2, ::2].astype(float), state


def test_the_ground_has_56_percent_in_one_shadow_and_in_two(camera: Camera) -> None:
    """The shadows of a bridge, a noise barrier and the rails cross on the lanes."""
    barrier = NoiseBarrier(BarrierColour.GREEN, 20.0, 80.0, -1, 4.0)
    scenery = {"bridges": (replace(DECK, station=45.0),), "barriers": (barrier,)}
    dark, state = buffer(camera, sunny(-60.0, 30.0, **scenery))
    semantic = camera.labels(state).semantic
    plain, other = buffer(camera, replace(sunny(-60.0, 30.0), scenery=Scenery()))
    paved = (SemanticClass.ROAD, SemanticClass.SHOULDER, SemanticClass.MARKING)
    ground = np.isin(semantic, paved) & (semantic == camera.labels(other).semantic)
    ratio = dark[ground, 1] / plain[ground, 1]
    in_shadow, below = np.abs(ratio - SUN_SHADE) < 0.03, np.abs(ratio - 0.4) < 0.03
    assert in_shadow.sum() > 1000 and below.sum() > 100 and (ratio == 1.0).sum() > 1000
    assert (in_shadow | below | (ratio == 1.0)).mean() > 0.99
    alpha = dark[ground, 3][in_shadow]
    assert (alpha == 0.0).mean() > 0.99  # the alpha of the ground stays
