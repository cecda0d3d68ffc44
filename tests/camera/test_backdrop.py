"""Sky, far hills and plain: the interpolated picture agrees with the formulas pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.types import FloatArray
from drive_stack.world_state import Conditions, Light, Weather
from envs.camera.backdrop import Backdrop
from envs.camera.ground import meadow_colour

MODEL = CameraModel()
HAZE = np.array([196.0, 212.0, 228.0])
SEED = 3
MEADOW = meadow_colour(Conditions())


def colours(words: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return RGB (H, W, 3)."""
    return np.stack([words >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(np.int64)


def directions(camera: CameraModel, yaw: float) -> tuple[FloatArray, FloatArray]:
    """Return the elevation (height over distance) and azimuth [rad] of each pixel (H, W)."""
    u, v = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    forward, left, up = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1)).T
    slope, azimuth = up / np.hypot(forward, left), yaw + np.arctan2(left, forward)
    return slope.reshape(u.shape), azimuth.reshape(u.shape)


@pytest.mark.parametrize("light", [Light.DAY, Light.DUSK])
@pytest.mark.parametrize(
    "camera", [MODEL, CameraModel(pitch_down_deg=4.0, roll_deg=2.0), CameraModel(width=333, height=150)]
)
def test_each_part_is_where_its_direction_says(camera: CameraModel, light: Light) -> None:
    yaw, horizon, pixel = 0.7, -0.004, 1.5 / camera.focal_px
    backdrop = Backdrop(camera, Conditions(light=light, scenery_seed=SEED, sun_azimuth=0.9), HAZE)
    shown = colours(backdrop.fill(camera, yaw, horizon))
    slope, azimuth = directions(camera, yaw)
    ridge = backdrop.ridge(azimuth.ravel()).reshape(azimuth.shape)
    sky = slope > ridge + pixel
    expected = backdrop.sky(slope[sky], azimuth[sky])
    assert np.abs(shown[sky] - expected).max() < 3.0  # kinks of the gradient are rounded off
    assert np.abs(shown[sky] - expected).mean() < 0.4
    plain = slope < horizon - pixel
    assert (shown[plain] == MEADOW).all()
    hills = (slope < ridge - pixel) & (slope > horizon + pixel)
    assert hills.sum() > 1000 and len(np.unique(shown[hills], axis=0)) == 1


def test_an_edge_inside_a_pixel_mixes_both_sides() -> None:
    """The horizon lies 0.25 of a pixel below the centre of row 100: three quarters of it are hills."""
    camera = CameraModel(pitch_down_deg=0.0)
    backdrop = Backdrop(camera, Conditions(scenery_seed=SEED), HAZE)
    column = camera.width // 2
    slope = (camera.height / 2.0 - 140.5 - 0.25) / camera.focal_px
    shown = colours(backdrop.fill(camera, 0.0, slope))[:, column]
    hill, row = shown[139], shown[140]
    np.testing.assert_allclose(row, 0.25 * MEADOW + 0.75 * hill, atol=1.0)
    assert (shown[141] == MEADOW).all()


def test_the_hills_stay_when_the_car_turns() -> None:
    """Turning left by the angle between two columns moves the picture right by as much."""
    backdrop = Backdrop(MODEL, Conditions(scenery_seed=SEED), HAZE)
    centre, step = MODEL.width / 2.0, 80
    left = float(np.arctan(step / MODEL.focal_px))
    ahead = colours(backdrop.fill(MODEL, 0.0, -0.001))[:, round(centre) - step].copy()
    turned = colours(backdrop.fill(MODEL, left, -0.001))[:, round(centre)]
    first_hill = [int(np.argmax(np.abs(np.diff(column.sum(axis=1))))) for column in (ahead, turned)]
    assert abs(first_hill[0] - first_hill[1]) <= 1


def test_fog_hides_the_hills() -> None:
    backdrop = Backdrop(MODEL, Conditions(Weather.FOG, visibility=150.0, scenery_seed=SEED), HAZE)
    shown = colours(backdrop.fill(MODEL, 0.0, -0.001))
    assert (shown[: int(MODEL.horizon_px) - 2] == HAZE).all()
