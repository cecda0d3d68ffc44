"""The compiled pass from the rendered buffer to the image, compared with floating-point arithmetic."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.world_state import Conditions, Light, Weather
from envs.camera.atmosphere import Atmosphere
from envs.camera.sensing import CODE_ZERO, SUPERSAMPLING, apply_sensor

MODEL = CameraModel()
ALL_CONDITIONS = [
    Conditions(weather, light, visibility, rain)
    for weather, light, (visibility, rain) in itertools.product(
        Weather, Light, [(2000.0, 0.0), (150.0, 0.0), (400.0, 1.0)]
    )
]


def exact(atmosphere: Atmosphere, large: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the noiseless image: each sample is lit and hazed by itself, then four are averaged."""
    samples = large[::-1].astype(np.float64)  # top row first
    through, lit = (
        np.repeat(np.repeat(table / 255.0, SUPERSAMPLING, axis=0), SUPERSAMPLING, axis=1)
        for table in atmosphere.ground_tables()
    )
    alpha = samples[:, :, 3]
    upright = np.clip((alpha - CODE_ZERO) / (255 - CODE_ZERO), 0.0, 1.0)
    through = np.where(alpha >= CODE_ZERO, upright, through)[:, :, None]
    lit = np.where(alpha >= CODE_ZERO, 1.0, lit)[:, :, None]
    blended = samples[:, :, 2::-1] * lit * through + atmosphere._haze * (1.0 - through)
    return np.asarray(blended.reshape(MODEL.height, 2, MODEL.width, 2, 3).mean(axis=(1, 3)))


def without_noise(atmosphere: Atmosphere) -> Atmosphere:
    atmosphere._bright, atmosphere._dark = (
        np.zeros_like(it) for it in (atmosphere._bright, atmosphere._dark)
    )
    return atmosphere


def buffers() -> list[NDArray[np.uint8]]:
    """Return random bytes, and bytes like those of images: flat regions, mostly with alpha 0 or 255."""
    rng = np.random.default_rng(5)
    shape = (MODEL.height * SUPERSAMPLING, MODEL.width * SUPERSAMPLING, 4)
    noise = rng.integers(0, 256, shape, dtype=np.uint8)
    flat = np.repeat(np.repeat(noise[::8, ::8], 8, axis=0), 8, axis=1)
    flat[:, :, 3] = np.where(noise[:, :, 0] < 90, 0, np.where(noise[:, :, 0] < 180, 255, flat[:, :, 3]))
    return [noise, flat]


@pytest.mark.parametrize("conditions", ALL_CONDITIONS, ids=lambda it: f"{it.weather.value}-{it.light.value}")
def test_each_sample_is_lit_and_hazed_before_samples_are_averaged(conditions: Conditions) -> None:
    """Bytes of transmittance, light and the result are rounded, each by at most half a grey level."""
    atmosphere = without_noise(Atmosphere(MODEL, conditions))
    for large in buffers():
        error = np.abs(atmosphere.apply(large, 0.0) - exact(atmosphere, large))
        assert error.max() <= 1.5


def test_a_tree_in_front_of_haze_has_no_dark_outline() -> None:
    """Two samples show a tree at transmittance 1 (alpha 255), two show black ground of which nothing is seen.

    With haze 200 a white tree gives (255 + 255 + 200 + 200) / 4 = 227.5. The mean colour 127.5 times the mean
    transmittance 1/2, with haze in the rest, would be 163.75. A black tree gives 100.
    """
    for tree, expected in ((0, 100.0), (255, 227.5)):
        large = np.zeros((2, 2, 4), np.uint8)
        large[0] = (tree, tree, tree, 255)
        np.testing.assert_allclose(one_pixel(large, through=0, lit=255, haze=200), expected, atol=0.5)


def test_a_picture_worked_by_hand() -> None:
    """Samples 100 of the ground, twice; 200 of something upright at alpha 64 and at alpha 255; haze 50.

    The ground is lit by 51 / 255 = 0.2 and seen through 204 / 255 = 0.8: 100 · 0.2 · 0.8 + 50 · 0.2 = 26.
    Alpha 64 is all haze, 50, and alpha 255 none, 200. Their mean is (26 + 26 + 50 + 200) / 4 = 75.5.
    """
    large = np.array([[[100] * 3 + [0], [200] * 3 + [64]], [[200] * 3 + [255], [100] * 3 + [0]]], np.uint8)
    assert np.abs(one_pixel(large, through=204, lit=51, haze=50) - 75.5).max() <= 0.5


def test_the_backdrop_is_seen_where_nothing_was_drawn() -> None:
    """Three samples of 0 show the backdrop (30, 20, 10), one shows something upright and white."""
    large = np.zeros((2, 2, 4), np.uint8)
    large[0, 0] = 255
    shown = one_pixel(large, through=255, lit=255, haze=0, backdrop=30 << 16 | 20 << 8 | 10)
    np.testing.assert_allclose(shown, [86.25, 78.75, 71.25], atol=0.5)


def one_pixel(
    large: NDArray[np.uint8], *, through: int, lit: int, haze: int, backdrop: int = 0
) -> NDArray[np.float64]:
    """Return the RGB of a buffer (2, 2, 4) without noise."""
    image, none = np.empty((1, 3), np.uint8), np.zeros((1, 3), np.uint8)
    seen, light = (np.array([[value]], np.uint8) for value in (through, lit))
    behind = np.array([[backdrop]], np.uint32)
    apply_sensor(
        large.view(np.uint32)[:, :, 0], behind, seen, light, np.full(3, haze, np.uint8), none, none, image
    )
    return image[0].astype(np.float64)


def test_noise_is_added_and_clipped() -> None:
    conditions = Conditions(Weather.RAIN, Light.NIGHT, 500.0, 1.0)
    noisy, calm = Atmosphere(MODEL, conditions), without_noise(Atmosphere(MODEL, conditions))
    large = buffers()[0]
    clean = calm.apply(large, 0.05).astype(np.int64)
    shape = clean.shape
    bright, dark = (table[3].reshape(shape).astype(np.int64) for table in (noisy._bright, noisy._dark))
    expected = np.clip(np.minimum(clean + bright, 255) - dark, 0, 255)  # 0.05 s is frame 3
    np.testing.assert_array_equal(noisy.apply(large, 0.05), expected)


def test_fractions_are_exact_for_all_pairs_of_bytes() -> None:
    """On open ground without noise and haze a pixel is its colour times the transmittance."""
    byte = np.arange(256, dtype=np.uint8)
    colour, through = np.meshgrid(byte, byte)
    large = np.zeros((512, 512, 4), np.uint8)
    large[:, :, :3] = np.repeat(np.repeat(colour[::-1], 2, axis=0), 2, axis=1)[:, :, None]
    none, image = np.zeros((256, 768), np.uint8), np.empty((256, 768), np.uint8)
    lit, haze = np.full_like(through, 255), np.zeros(3, np.uint8)
    words, behind = large.view(np.uint32)[:, :, 0], np.zeros((256, 256), np.uint32)
    apply_sensor(words, behind, through, lit, haze, none, none, image)
    product = colour.astype(np.float64) * through / 255.0
    for channel in range(3):
        assert np.abs(image[:, channel::3] - product).max() <= 0.51
