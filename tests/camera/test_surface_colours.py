"""The ground looks as its surface says: dark when wet, white with wheel tracks in snow."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_world import straight_road

from drive_stack.road.scenery import Bridge, BridgeKind, Scenery
from drive_stack.types import FloatArray
from drive_stack.vehicle import Surface
from drive_stack.world_state import Conditions, Weather
from envs.camera.ground.chunk import ground_layers
from envs.camera.ground.lines import PAINT
from envs.camera.ground.pavement import lanes, terrain
from envs.camera.ground.surface import asphalt_colour, grass_colour, meadow_colour, shoulder_colour
from envs.camera.roadside.structures import structures


def lane_colours(conditions: Conditions) -> FloatArray:
    """Mean colours (5, 3) of the five strips across the first lane."""
    road = straight_road()
    layer = lanes(road, conditions, np.random.default_rng(0), 300.0, 400.0)
    assert layer is not None
    lane = layer.colours[: len(layer.colours) // len(road.lanes), :, :3]
    return lane.reshape(5, -1, 3).mean(axis=1)


def test_a_road_is_as_dry_or_wet_as_the_weather_where_no_surface_is_set() -> None:
    heavy_rain = Conditions(weather=Weather.RAIN, rain_rate=1.0)
    assert np.array_equal(asphalt_colour(Conditions()), [92, 93, 96])
    np.testing.assert_allclose(asphalt_colour(heavy_rain), 0.62 * np.array([92, 93, 96]))
    for colour in (asphalt_colour, shoulder_colour):
        assert np.array_equal(colour(Conditions(surface=Surface.DRY)), colour(Conditions()))
        np.testing.assert_allclose(colour(Conditions(surface=Surface.WET)), colour(heavy_rain))


def test_standing_water_is_darker_and_bluer_than_a_wet_road() -> None:
    wet, water = (
        asphalt_colour(Conditions(surface=surface)) for surface in (Surface.WET, Surface.STANDING_WATER)
    )
    assert water.mean() < wet.mean()
    assert water[2] - water[0] > wet[2] - wet[0] + 5.0


def test_snow_is_white_everywhere_with_darker_wheel_tracks() -> None:
    snow = Conditions(surface=Surface.SNOW)
    for colour in (grass_colour, shoulder_colour, meadow_colour):
        assert colour(snow).min() > 210.0
        assert np.ptp(colour(snow)) < 20.0
    strips = lane_colours(snow).mean(axis=1)
    assert strips[[1, 3]] == pytest.approx(0.66 * strips[[0, 4]] / 1.03, rel=0.01)
    assert strips[[0, 2, 4]].min() > 170.0


@pytest.mark.parametrize(("surface", "one_hue"), [(None, False), (Surface.SNOW, True)])
def test_meadows_have_patches_of_many_hues_and_snow_has_one(surface: Surface | None, one_hue: bool) -> None:
    """The difference of red and green is that of the colour times a tone of 0.88 to 1.1."""
    conditions = Conditions(surface=surface)
    layer = terrain(straight_road(), conditions, np.random.default_rng(0), 300.0, 600.0)
    red, green, _ = np.moveaxis(layer.colours[..., :3], -1, 0)
    tone = (red - green) / (grass_colour(conditions)[0] - grass_colour(conditions)[1])
    assert (tone.min() >= 0.88 and tone.max() <= 1.1) == one_hue


def test_snow_covers_the_embankments_of_bridges() -> None:
    scenery = Scenery(bridges=(Bridge(BridgeKind.GIRDER, 350.0, 12.0, 5.0, -14.0, 14.0),))
    green = []
    for surface in (None, Surface.SNOW):
        layer = structures(straight_road(), Conditions(surface=surface, scenery=scenery), 300.0, 400.0)
        assert layer is not None
        red, middle, blue = np.moveaxis(layer.colours[..., :3].reshape(-1, 3), 1, 0)
        green.append(int(((middle > red + 5.0) & (middle > blue + 5.0)).sum()))
    assert green[0] > 0 and green[1] == 0


def test_paint_stays_visible_in_packed_snow() -> None:
    """Less clearly than on a dry road: a contrast of a quarter in place of one and a half."""
    for surface, contrast in ((Surface.DRY, 1.5), (Surface.SNOW, 0.28)):
        base = asphalt_colour(Conditions(surface=surface)).mean()
        assert PAINT.mean() / base - 1.0 == pytest.approx(contrast, abs=0.1)


def test_a_surface_changes_colours_only() -> None:
    road = straight_road()
    dry, snow = (ground_layers(road, Conditions(surface=s), 0.0, 100.0) for s in (None, Surface.SNOW))
    for one, other in zip(dry, snow, strict=True):
        assert one.kind == other.kind
        assert np.array_equal(one.corners, other.corners)
