"""What the lens and the exposure do to a picture: motion blur, drops, dirt, smear, glare and wrong exposure.

Every effect depends on the state and the seed only, so that a state always gives the same picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.seeds import SceneryStream
from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray, Image
from drive_stack.world_state import Conditions, EgoState, Light, Weather

from ..sensing import CODE_ZERO
from .patterns import draw_pattern

_SOFTNESS = 6.0  # standard deviation of the soft picture [px]
_SUN_RADIUS_DEG = 0.6  # of the disc; the real one has 0.27
_GLARE_ANGLE_DEG = 4.0  # angle to the sun within which glare of strength 1 saturates
_SUNLIGHT = {Light.DAY: (255.0, 246.0, 224.0), Light.DUSK: (255.0, 196.0, 132.0)}
_COARSE = 4  # glare is computed for every fourth row and column, as it is smooth
_METERED_LEVEL = 118.0  # mean grey level above which the exposure is reduced
_MIN_METERED_GAIN = 0.4
_JUMP_PERIOD, _ADAPTATION = 5.0, 1.0  # between two jumps, and time constant of the exposure [s]
_BLUR_SAMPLES = 7


class LensEffects:
    """The optics of one episode."""

    def __init__(self, model: CameraModel, conditions: Conditions) -> None:
        self._optics = conditions.optics
        self._shape = (model.height, model.width)
        rng = SceneryStream.LENS_PATTERN.generator(conditions.scenery_seed)
        self._pattern = draw_pattern(self._shape, self._optics, rng)
        self._jumps = rng.uniform(-1.0, 1.0, 64) * self._optics.exposure_jumps_ev
        self._soft = bool(self._pattern.soft.any())
        self._dirty = bool(self._pattern.absorbed.any())
        sunny = conditions.weather is Weather.CLEAR and conditions.light is not Light.NIGHT
        self._sunlight = np.array(_SUNLIGHT[conditions.light]) if sunny else np.zeros(3)
        self._sun = _direction(conditions.sun_azimuth, conditions.sun_elevation)

    def apply(
        self, image: Image, large: NDArray[np.uint8], camera: CameraModel, ego: EgoState, time: float
    ) -> Image:
        """Return the picture behind the lens.

        Args:
            image: The picture before the lens (H, W, 3) RGB.
            large: The supersampled buffer (2·H, 2·W, 4) it was made from, first row at the bottom. Its alpha
                is below `CODE_ZERO` where nothing upright hides the ground or the sky.
            camera: The camera as it is at this moment.
            ego: Its car.
            time: Since the start of the episode [s].
        """
        if self._optics.shutter > 0.0:
            image = _motion_blur(image, large, camera, ego, self._optics.shutter)
        seen = image.astype(np.float32)
        if self._optics.glare > 0.0 and self._sunlight.any():
            seen += self._glare(large, camera, ego)
        if self._soft:
            seen = self._blend_soft(seen)
        if self._dirty:
            absorbed = self._pattern.absorbed[:, :, None]
            seen = seen * (1.0 - absorbed) + absorbed * 0.45 * seen.mean(axis=(0, 1))
        gain = 2.0 ** (self._optics.exposure_ev + self.exposure_error(time))
        if self._optics.glare > 0.0:
            gain *= float(np.clip(_METERED_LEVEL / max(seen.mean(), 1.0), _MIN_METERED_GAIN, 1.0))
        return np.asarray(np.clip(np.round(seen * gain), 0.0, 255.0), dtype=np.uint8)

    def exposure_error(self, time: float) -> float:
        """Return the sudden error of the exposure at ``time`` [s], in stops; it decays between jumps."""
        jump, since = divmod(time, _JUMP_PERIOD)
        return float(self._jumps[int(jump) % len(self._jumps)] * np.exp(-since / _ADAPTATION))

    def _blend_soft(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """Blend in the soft picture that drops and smear show."""
        blurred = cv2.GaussianBlur(seen, (0, 0), _SOFTNESS)
        pattern = self._pattern
        moved = cv2.remap(
            blurred, pattern.source_x, pattern.source_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        return np.asarray(seen + pattern.soft[:, :, None] * (moved - seen), dtype=np.float32)

    def _glare(self, large: NDArray[np.uint8], camera: CameraModel, ego: EgoState) -> NDArray[np.float32]:
        """Return the light (H, W, 3) that the sun adds: its disc, and a veil that falls with the angle to it.

        The veil follows Stiles and Holladay: its luminance is inversely proportional to the square of the
        angle. What hides the sun's disc weakens it.
        """
        height, width = self._shape
        cos, sin = np.cos(ego.yaw), np.sin(ego.yaw)
        x, y, z = self._sun
        sun = np.array([x * cos + y * sin, y * cos - x * sin, z])
        u, v = np.meshgrid(np.arange(0, width, _COARSE) + _COARSE / 2.0,
                           np.arange(0, height, _COARSE) + _COARSE / 2.0)  # fmt: skip
        rays = camera.rays(np.stack([u.ravel(), v.ravel()], axis=1))
        angle = np.degrees(np.arccos(np.clip(rays @ sun, -1.0, 1.0))).reshape(u.shape)
        veil = glare_at(angle) * self._optics.glare * _visible_fraction(large, camera, sun)
        fine = cv2.resize(veil.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(fine[:, :, None] * self._sunlight.astype(np.float32), dtype=np.float32)


def glare_at(angle_deg: FloatArray) -> FloatArray:
    """Return the veil of full glare at angles from the sun [°], 1 is white."""
    return np.asarray((_GLARE_ANGLE_DEG / np.maximum(angle_deg, _SUN_RADIUS_DEG)) ** 2).clip(0.0, 2.0)


def _direction(azimuth: float, elevation: float) -> tuple[float, float, float]:
    flat = np.cos(elevation)
    return float(flat * np.cos(azimuth)), float(flat * np.sin(azimuth)), float(np.sin(elevation))


def _visible_fraction(large: NDArray[np.uint8], camera: CameraModel, sun: FloatArray) -> float:
    """Return the fraction of the sun's disc that no upright object hides; 1 outside the picture."""
    place = camera.project(1e6 * sun[None])[0]
    height, width = large.shape[:2]
    scale = width / camera.width
    radius = int(np.radians(_SUN_RADIUS_DEG) * camera.focal_px * scale) + 1
    if not np.isfinite(place).all():
        return 1.0
    column, row = int(place[0] * scale), height - 1 - int(place[1] * scale)
    if not (0 <= column < width and 0 <= row < height):
        return 1.0
    disc = large[max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1, 3]
    return float(np.mean(disc < CODE_ZERO))


def _motion_blur(
    image: Image, large: NDArray[np.uint8], camera: CameraModel, ego: EgoState, shutter: float
) -> Image:
    """Blur the ground along its motion while the shutter is open. What stands upright stays sharp.

    The ground moves away from the point that the car drives to: where it is ``depth`` ahead, by the fraction
    ``speed · shutter / depth`` of a pixel's distance from that point. Turning moves all pixels sideways.
    """
    scale = large.shape[0] // image.shape[0]
    upright = np.ascontiguousarray(large[::-scale, ::scale, 3]) >= CODE_ZERO
    sideways = camera.focal_px * ego.yaw_rate * shutter
    out = np.empty_like(image)
    _blur(
        image, upright, camera.width / 2.0, camera.horizon_px, camera.mount_z * camera.focal_px,
        ego.speed * shutter, sideways, out,
    )  # fmt: skip
    return out


@kernel()
def _blur(image, upright, centre, horizon, height_px, travelled, sideways, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` with the mean of samples along each pixel's path over the ground."""
    rows, columns = upright.shape
    for y in range(rows):
        below = y + 0.5 - horizon
        # the ground's depth is height · focal length / rows below the horizon
        stretch = travelled * below / height_px if below > 0.0 else 0.0
        for x in range(columns):
            step_x = ((x + 0.5 - centre) * stretch + sideways) / _BLUR_SAMPLES
            step_y = below * stretch / _BLUR_SAMPLES
            red = green = blue = count = 0
            for sample in range(_BLUR_SAMPLES):
                offset = sample - _BLUR_SAMPLES // 2
                from_x, from_y = int(x + 0.5 - offset * step_x), int(y + 0.5 - offset * step_y)
                inside = 0 <= from_x < columns and 0 <= from_y < rows
                if inside and upright[from_y, from_x] == upright[y, x] and not upright[y, x]:
                    red += image[from_y, from_x, 0]
                    green += image[from_y, from_x, 1]
                    blue += image[from_y, from_x, 2]
                    count += 1
            if count == 0:
                out[y, x] = image[y, x]
            else:
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = red // count, green // count, blue // count
