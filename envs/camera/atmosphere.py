"""Effects between the scene and the image: fog, headlamp light, rain and sensor noise.

The alpha channel of upright objects encodes their transmittance (Koschmieder: contrast falls as exp(−σ·d) to
5 % at the meteorological visibility). Ground and sky have alpha 0: the distance of their pixels is known in
advance.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.road.vertical_profile import VerticalProfile
from drive_stack.seeds import SceneryStream
from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray, Image
from drive_stack.world_state import Conditions, EgoState, Light, Weather

from .backdrop import Backdrop
from .ground import PLAIN_REACH, GroundDistance
from .light_laws import (
    UPRIGHT_GAIN,
    encode_alpha,
    encode_transmittance,
    headlamp_intensity,
    transmittance,
    upright_light,
)
from .sensing import apply_sensor

_NOISE_FRAMES = 7
_ROAD, _RETROREFLECTION = 0.85, 5.0  # brightness in the headlamps' beam
_LAMP_LUMINANCE = 4.0  # of a lit lamp, relative to white in daylight: the brightest colour of the image
_MAX_RANGE = 500.0  # objects beyond this range or the visibility are not drawn [m]
_BEHIND_DISTANCE = 30.0  # distance behind the camera from which long bodies extend into view [m]

_Tables: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8]]


class Atmosphere:
    """Fog, light and noise of one episode, precomputed for each pixel."""

    def __init__(self, model: CameraModel, conditions: Conditions) -> None:
        self.visibility = conditions.visibility
        self.night = conditions.light is Light.NIGHT
        self.fog_colour = _fog_colour(conditions)
        self.ambient = {Light.DAY: 1.0, Light.DUSK: 0.62, Light.NIGHT: 0.13}[conditions.light]
        if conditions.weather is not Weather.CLEAR:
            self.ambient *= 0.7 if self.night else 0.85  # clouds hide the moon
        u, v = np.meshgrid(np.arange(model.width) + 0.5, np.arange(model.height) + 0.5)
        points = model.to_ground(np.stack([u.ravel(), v.ravel()], axis=1))
        x, y = points[:, 0] - model.mount_x, points[:, 1]
        sky = np.isnan(x)
        distance = np.where(sky, 0.0, np.hypot(np.nan_to_num(x), np.nan_to_num(y)))
        transmitted = np.where(sky, 1.0, transmittance(distance, self.visibility))
        lit = np.where(sky, 1.0, self.light_at(np.nan_to_num(x), np.nan_to_num(y)))
        shape = (model.height, model.width)
        self._nominal = self._camera = model
        self._yaw = self._horizon = 0.0
        self.backdrop = Backdrop(model, conditions, self.fog_colour)
        self._level_depth = np.where(sky, np.inf, x).reshape(shape)
        self._level_ground: _Tables = (
            np.round(255.0 * transmitted).astype(np.uint8).reshape(shape),
            np.round(255.0 * lit).astype(np.uint8).reshape(shape),
        )
        self._ground: GroundDistance | None = None  # None: the level one of the nominal camera
        self._ground_tables: _Tables | None = None  # of this pose, once they were needed
        self._haze = np.round(self.fog_colour).astype(np.uint8)
        rng = SceneryStream.NOISE.generator(conditions.scenery_seed)
        sigma = 3.5 if self.night else 2.2
        noises = [rng.normal(0.0, sigma, (*shape, 3)) for _ in range(_NOISE_FRAMES)]
        rains = [_streaks(shape, conditions.rain_rate, rng) for _ in range(_NOISE_FRAMES)]
        # one frame at a time, as temporaries of all frames would take several copies of 28 MB
        self._bright = np.stack(
            [_to_bytes(noise + rain[..., None]) for noise, rain in zip(noises, rains, strict=True)]
        )
        self._dark = np.stack([_to_bytes(-noise) for noise in noises])

    def follow(self, camera: CameraModel, profile: VerticalProfile, ego: EgoState, plain: float) -> None:
        """Take the pose of the camera.

        Args:
            camera: The camera as it is at this moment, in the level frame at the ego.
            profile: Heights along the road.
            ego: The ego.
            plain: Height of the plain around the road [m].
        """
        level = profile.is_level and camera == self._nominal
        self._ground = None if level else GroundDistance(camera, profile, ego.station, plain)
        self._ground_tables = None
        height = camera.mount_z + float(profile.height_at(np.asarray(ego.station))) - plain
        self._camera, self._yaw, self._horizon = camera, ego.yaw, -height / PLAIN_REACH

    def ground_depth(self) -> FloatArray:
        """Return the distance ahead of the camera of the ground in each pixel (H, W) [m]; inf in the sky."""
        return self._level_depth if self._ground is None else self._ground.depth()

    def light_at(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the brightness 0 … 1 at points ``x`` ahead and ``y`` left of the camera [m]."""
        if not self.night:
            return np.full(np.shape(x), self.ambient)
        return np.minimum(self.ambient + _ROAD * headlamp_intensity(x, y), 1.0)

    @property
    def max_range(self) -> float:
        """Distance beyond which upright objects are not drawn [m]."""
        return min(_MAX_RANGE, self.visibility)

    def encode_lamps(self, distance: FloatArray) -> FloatArray:
        """Return the alpha 0 … 1 of lit lamps at ``distance`` [m].

        A lamp is brighter than the image can show, so haze dims its colour only when less than
        1 / `_LAMP_LUMINANCE` of its light arrives.
        """
        return encode_transmittance(
            np.minimum(_LAMP_LUMINANCE * transmittance(distance, self.visibility), 1.0)
        )

    def select_visible(
        self, x: FloatArray, y: FloatArray, reflecting: NDArray[np.bool_], ego: EgoState
    ) -> tuple[list[int], list[float], list[float]]:
        """Return the rows of objects at ``x, y`` (N,) [m] that may be in view, with their light and alpha.

        Objects that are ``reflecting`` (N,) return the headlamps' light to the driver.
        """
        rows, light, alpha = _select_visible(
            np.ascontiguousarray(x), np.ascontiguousarray(y), reflecting,
            ego.x, ego.y, np.cos(ego.yaw), np.sin(ego.yaw),
            self.visibility, self.ambient, self.night,
        )  # fmt: skip
        return rows.tolist(), light.tolist(), alpha.tolist()

    def apply(self, large: NDArray[np.uint8], time: float) -> Image:
        """Return the sensor's image (H, W, 3) RGB of a supersampled frame at ``time`` [s].

        ``large`` is (2·H, 2·W, 4) BGRA with its first row at the bottom. Transmittance is decoded before
        downsampling, so that it blends at edges as colours do.
        """
        frame = round(time * 20.0) * 3 % _NOISE_FRAMES
        height, width = self._nominal.height, self._nominal.width
        through, lit = self.ground_tables()
        image = np.empty((height, width, 3), np.uint8)
        apply_sensor(
            large.view(np.uint32)[:, :, 0],
            self.backdrop.fill(self._camera, self._yaw, self._horizon),
            through,
            lit,
            self._haze,
            self._bright[frame],
            self._dark[frame],
            image.reshape(height, -1),
        )
        return image

    def ground_tables(self) -> _Tables:
        """Return the transmittance and the light of the ground in each pixel (H, W), 0 … 255."""
        if self._ground is None:
            return self._level_ground
        if self._ground_tables is None:
            headlamps = _ROAD if self.night else 0.0
            self._ground_tables = self._ground.light_and_transmittance(
                self.visibility, self.ambient, headlamps
            )
        return self._ground_tables


@kernel()
def _select_visible(  # type: ignore[no-untyped-def]
    x, y, reflecting, ego_x, ego_y, cos, sin, visibility, ambient, night
):
    """Return rows, light and alpha (M,) of the upright objects that may be in view of the ego."""
    rows, light, alpha = np.empty(len(x), np.int64), np.empty(len(x)), np.empty(len(x))
    count = 0
    for row in range(len(x)):
        dx, dy = x[row] - ego_x, y[row] - ego_y
        ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
        if -_BEHIND_DISTANCE < ahead < min(_MAX_RANGE, visibility):
            rows[count] = row
            gain = _RETROREFLECTION if reflecting[row] else UPRIGHT_GAIN
            light[count] = upright_light(ahead, left, ambient, gain if night else 0.0)
            alpha[count] = encode_alpha(np.hypot(ahead, left), visibility)
            count += 1
    return rows[:count], light[:count], alpha[:count]


def _to_bytes(values: FloatArray) -> NDArray[np.uint8]:
    """Round and clip values to bytes (H, 3·W); the three channels of each pixel are adjacent."""
    return np.clip(np.round(values), 0, 255).astype(np.uint8).reshape(len(values), -1)


def _fog_colour(conditions: Conditions) -> FloatArray:
    """Return the colour of the haze at the horizon (3,) RGB 0 … 255."""
    clear = conditions.weather is Weather.CLEAR
    if conditions.light is Light.NIGHT:  # moonlight, or clouds that a far town lights from below
        return np.array([16.0, 18.0, 24.0]) if clear else np.array([27.0, 26.0, 27.0])
    if conditions.light is Light.DUSK:  # the sun's glow, or blue-grey clouds
        return np.array([150.0, 128.0, 122.0]) if clear else np.array([108.0, 116.0, 130.0])
    return np.array([196.0, 212.0, 228.0]) if clear else np.array([186.0, 190.0, 194.0])


def _streaks(shape: tuple[int, int], rate: float, rng: np.random.Generator) -> FloatArray:
    """Draw rain as faint slanted lines; returns the brightness to add (H, W)."""
    canvas = np.zeros(shape, np.uint8)
    for _ in range(int(150 * rate)):
        x, y = int(rng.integers(0, shape[1])), int(rng.integers(-10, shape[0]))
        long = int(rng.integers(6, 22))
        cv2.line(canvas, (x, y), (x + long // 6, y + long), int(rng.integers(15, 45)), 1, cv2.LINE_AA)
    return canvas.astype(np.float64)
