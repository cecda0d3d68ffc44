"""The compiled pass from the rendered buffer to the image, compared with OpenCV step by step."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.types import Image
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


def apply_stepwise(atmosphere: Atmosphere, large: NDArray[np.uint8], time: float) -> Image:
    """Compute `Atmosphere.apply` with OpenCV, one whole image per step."""
    alpha = large[:, :, 3]
    fraction = np.clip((np.arange(256) - CODE_ZERO) / (255 - CODE_ZERO), 0.0, 1.0)
    standing = downsample(np.round(255.0 * fraction).astype(np.uint8)[alpha])
    solid = downsample(np.where(alpha > 0, 255, 0).astype(np.uint8))
    rgb = downsample(large[:, :, 2::-1])
    through = cv2.add(standing, scale(atmosphere._ground_through, ~solid))
    lit = cv2.add(solid, scale(atmosphere._ground_lit, ~solid))
    visible = scale(rgb, cv2.merge([scale(through, lit)] * 3))
    fog = np.broadcast_to(np.round(atmosphere.fog_colour).astype(np.uint8), rgb.shape)
    clean = cv2.add(visible, scale(np.ascontiguousarray(fog), cv2.merge([~through] * 3)))
    frame = round(time * 20.0) * 3 % len(atmosphere._bright)
    bright, dark = (noise[frame].reshape(rgb.shape) for noise in (atmosphere._bright, atmosphere._dark))
    return np.asarray(cv2.subtract(cv2.add(clean, bright), dark), dtype=np.uint8)


def scale(image: NDArray[np.uint8], fraction: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.multiply(image, fraction, scale=1.0 / 255.0), dtype=np.uint8)


def downsample(large: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = MODEL.width, MODEL.height
    small = cv2.resize(np.ascontiguousarray(large), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small[::-1], dtype=np.uint8)


def buffers() -> list[NDArray[np.uint8]]:
    """Return random bytes, and bytes like those of images: flat regions, mostly with alpha 0 or 255."""
    rng = np.random.default_rng(5)
    shape = (MODEL.height * SUPERSAMPLING, MODEL.width * SUPERSAMPLING, 4)
    noise = rng.integers(0, 256, shape, dtype=np.uint8)
    flat = np.repeat(np.repeat(noise[::8, ::8], 8, axis=0), 8, axis=1)
    flat[:, :, 3] = np.where(noise[:, :, 0] < 90, 0, np.where(noise[:, :, 0] < 180, 255, flat[:, :, 3]))
    return [noise, flat]


@pytest.mark.parametrize("conditions", ALL_CONDITIONS, ids=lambda it: f"{it.weather.value}-{it.light.value}")
def test_the_compiled_pass_gives_the_same_bytes(conditions: Conditions) -> None:
    atmosphere = Atmosphere(MODEL, conditions)
    for large, time in itertools.product(buffers(), (0.0, 0.35)):
        np.testing.assert_array_equal(atmosphere.apply(large, time), apply_stepwise(atmosphere, large, time))


def test_fractions_are_rounded_as_opencv_does_for_all_pairs_of_bytes() -> None:
    """On open ground without noise and haze a pixel is its colour times the transmittance."""
    byte = np.arange(256, dtype=np.uint8)
    colour, through = np.meshgrid(byte, byte)
    large = np.zeros((512, 512, 4), np.uint8)
    large[:, :, :3] = np.repeat(np.repeat(colour[::-1], 2, axis=0), 2, axis=1)[:, :, None]
    none, image = np.zeros((256, 768), np.uint8), np.empty((256, 768), np.uint8)
    lit, haze = np.full_like(through, 255), np.zeros(3, np.uint8)
    apply_sensor(large.view(np.uint32)[:, :, 0], through, lit, haze, none, none, image)
    for channel in range(3):
        np.testing.assert_array_equal(image[:, channel::3], scale(colour, through))
