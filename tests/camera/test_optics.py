"""What lens and exposure do to a picture, and the keys of a scenario that switch it on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_world import TinyWorld, straight_road

from drive_stack.camera_model import CameraModel
from drive_stack.types import Image
from drive_stack.world_state import Conditions, EgoState, Light, Optics, Weather
from envs.camera.lens.effects import LensEffects, glare_at
from envs.camera.lens.patterns import draw_pattern
from envs.scenarios.conditions import ConditionsSpec

MODEL = CameraModel()
SHAPE = (MODEL.height, MODEL.width)
OPEN = np.zeros((2 * MODEL.height, 2 * MODEL.width, 4), np.uint8)  # nothing upright is in view
SUN_AHEAD = Conditions(sun_azimuth=0.0, sun_elevation=0.1)


def ego(speed: float = 30.0, yaw: float = 0.0) -> EgoState:
    return dataclasses.replace(TinyWorld(straight_road()).ego(), speed=speed, yaw=yaw)


def seen(
    optics: Optics,
    image: Image,
    large: NDArray[np.uint8] = OPEN,
    conditions: Conditions = SUN_AHEAD,
    state: EgoState | None = None,
    time: float = 0.0,
) -> NDArray[np.int64]:
    lens = LensEffects(MODEL, dataclasses.replace(conditions, optics=optics))
    return lens.apply(image, large, MODEL, state or ego(), time).astype(np.int64)


def grey(level: int) -> Image:
    return np.full((*SHAPE, 3), level, np.uint8)


def checks() -> Image:
    y, x = np.mgrid[0 : MODEL.height, 0 : MODEL.width]
    return np.repeat((200 * ((x // 8 + y // 8) % 2))[:, :, None], 3, axis=2).astype(np.uint8)


def test_glare_falls_with_the_square_of_the_angle_to_the_sun() -> None:
    np.testing.assert_allclose(glare_at(np.array([0.0, 4.0, 8.0, 40.0])), [2.0, 1.0, 0.25, 0.01])


def test_the_sun_adds_most_light_where_it_stands_and_little_when_it_is_behind() -> None:
    """At 0.1 rad above the horizon and straight ahead, on a road at 2 degrees of pitch."""
    ahead, behind = (seen(Optics(glare=0.5), grey(20), state=ego(yaw=yaw)) for yaw in (0.0, np.pi))
    expected = MODEL.project(np.array([[1e6, 0.0, 1e6 * np.tan(0.1)]]))[0]
    rows, columns = np.nonzero(ahead[:, :, 1] == ahead[:, :, 1].max())
    assert (rows.mean(), columns.mean()) == pytest.approx((expected[1], expected[0]), abs=3.0)
    assert ahead[:, :, 0].max() > 240
    assert behind.max() <= 21
    assert ahead.min() >= 20  # light is only added, as this picture is darker than the metered level


def test_what_hides_the_sun_hides_its_glare() -> None:
    lorry = OPEN.copy()
    lorry[:, :, 3] = 200
    np.testing.assert_array_equal(seen(Optics(glare=1.0), grey(20), large=lorry), 20)


@pytest.mark.parametrize(
    "conditions", [Conditions(light=Light.NIGHT), Conditions(Weather.OVERCAST), Conditions(Weather.FOG)]
)
def test_no_sun_shines_at_night_or_through_clouds(conditions: Conditions) -> None:
    facing = dataclasses.replace(conditions, sun_azimuth=0.0, sun_elevation=0.1)
    np.testing.assert_array_equal(seen(Optics(glare=1.0), grey(20), conditions=facing), 20)


def test_the_exposure_is_lowered_when_glare_makes_the_picture_bright() -> None:
    """The mean of 200 plus glare is metered to 118, so what is far from the sun gets darker."""
    assert seen(Optics(glare=1.0), grey(200))[-1, 0].max() < 140


@pytest.mark.parametrize(("stops", "level"), [(1.0, 120), (-1.0, 30), (3.0, 255)])
def test_a_stop_of_exposure_doubles_the_light(stops: float, level: int) -> None:
    np.testing.assert_array_equal(seen(Optics(exposure_ev=stops), grey(60)), level)


def test_sudden_errors_of_the_exposure_decay_with_a_time_constant_of_one_second() -> None:
    lens = LensEffects(MODEL, Conditions(optics=Optics(exposure_jumps_ev=2.0)))
    jumps = np.array([lens.exposure_error(5.0 * k) for k in range(40)])
    assert np.abs(jumps).max() <= 2.0 and np.abs(jumps).max() > 1.5 and np.ptp(np.sign(jumps)) == 2.0
    for k in range(3):
        assert lens.exposure_error(5.0 * k + 1.0) == pytest.approx(jumps[k] / np.e)


def test_drops_cover_more_with_their_strength_and_show_the_scene_from_elsewhere() -> None:
    covers = []
    for strength in (0.0, 0.3, 1.0):
        pattern = draw_pattern(SHAPE, Optics(drops=strength), np.random.default_rng(1))
        covers.append(float(pattern.soft.mean()))
    assert covers[0] == 0.0 and covers[1] == pytest.approx(0.1, abs=0.03)
    assert covers[2] == pytest.approx(0.34, abs=0.03)
    y, _ = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    changed = np.abs(seen(Optics(drops=0.3), checks()) - checks()).max(axis=2) > 10
    assert 0.03 < changed.mean() < 0.2
    assert np.abs(pattern.source_y - y)[pattern.soft > 0.9].max() > 20.0


def test_smear_takes_contrast_and_keeps_the_mean() -> None:
    contrasts = [seen(Optics(smear=strength), checks()).std() for strength in (0.01, 0.5, 1.0)]
    assert contrasts[0] > 1.3 * contrasts[1] > 1.3 * contrasts[2]
    assert seen(Optics(smear=1.0), checks()).mean() == pytest.approx(checks().mean(), rel=0.02)


def test_dirt_darkens_spots_that_stay_in_place() -> None:
    first = seen(Optics(dirt=0.7), grey(150), time=0.0)
    np.testing.assert_array_equal(first, seen(Optics(dirt=0.7), grey(150), time=3.0))
    assert first.max() == 150 and first.min() < 110
    assert 0.02 < (first[:, :, 0] < 140).mean() < 0.5
    other = seen(Optics(dirt=0.7), grey(150), conditions=Conditions(scenery_seed=1))
    assert (first != other).any()


def test_the_ground_is_blurred_along_its_motion_and_what_stands_is_not() -> None:
    """At 30 m/s and 0.03 s the ground at the lower edge, 4.5 m ahead, moves by a fifth of its distance."""
    optics, image = Optics(shutter=0.03), checks()
    moving = seen(optics, image)
    horizon = int(MODEL.horizon_px)
    np.testing.assert_array_equal(moving[:horizon], image[:horizon])
    assert moving[-40:].std() < 0.8 * image[-40:].std()
    np.testing.assert_array_equal(seen(optics, image, state=ego(speed=0.0)), image)
    upright = OPEN.copy()
    upright[:, :, 3] = 200
    np.testing.assert_array_equal(seen(optics, image, large=upright), image)


def test_turning_blurs_sideways() -> None:
    """0.3 rad/s in 0.05 s turns by 0.015 rad, 8.3 px; a single bright column spreads over as many."""
    image = grey(0)
    image[:, 320] = 210
    turning = dataclasses.replace(ego(speed=0.0), yaw_rate=0.3)
    spread = np.flatnonzero(seen(Optics(shutter=0.05), image, state=turning)[10, :, 0])
    assert 5 <= np.ptp(spread) <= 9


def test_optics_change_no_other_draw_of_the_conditions() -> None:
    plain = ConditionsSpec()
    rich = ConditionsSpec.model_validate(
        {
            "sun_bearing_deg": 10,
            "sun_elevation_deg": {"min": 4, "max": 9},
            "optics": {"glare": {"min": 0.2, "max": 0.8}, "drops": 0.3, "shutter": 0.02},
        }
    )
    for seed in range(5):
        first, second = (spec.draw(np.random.default_rng(seed), seed) for spec in (plain, rich))
        assert first.optics == Optics() and first.sun_elevation == pytest.approx(np.arctan(0.9))
        assert second.sun_azimuth == pytest.approx(np.radians(10.0))
        assert np.radians(4.0) <= second.sun_elevation <= np.radians(9.0)
        assert 0.2 <= second.optics.glare <= 0.8 and second.optics.drops == 0.3
        same = dataclasses.replace(
            second, sun_azimuth=first.sun_azimuth, sun_elevation=first.sun_elevation, optics=Optics()
        )
        assert same == first
