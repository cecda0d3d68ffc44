"""What lies between the scene and the picture: fog, headlamps' light, rain and sensor noise.

Things that stand carry in alpha how much of them the air lets through (Koschmieder: contrast falls
as exp(−σ·d), 5 % at the meteorological visibility). Ground and sky have alpha 0: for them the
distance of every pixel is known beforehand.
"""

from __future__ import annotations

import cv2
import numba
import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.types import FloatArray, Image
from drive_stack.world_state import Conditions, EgoState, Light, Weather
from envs.camera.sensing import CODE_ZERO, sense

_NOISE_FRAMES = 7
_ROAD, _UPRIGHT, _RETRO = 0.85, 1.9, 5.0  # brightness in the headlamps' beam
_REACH = 500.0  # what is farther off is not drawn, nor what fog hides [m]
_LIT_FROM = 20.0  # what reaches nearer is lit as it is there: one light for a whole thing [m]
_BEHIND = 30.0  # long bodies reach into view from here [m]


def transmittance(distance: FloatArray, visibility: float) -> FloatArray:
    """Share of contrast left after ``distance`` [m]; 5 % at ``visibility`` [m]."""
    share: FloatArray = np.exp(np.log(0.05) * distance / visibility)
    return share


def alpha_of(distance: FloatArray, visibility: float) -> FloatArray:
    """Alpha 0 … 1 of things at ``distance`` [m]."""
    return (CODE_ZERO + (255 - CODE_ZERO) * transmittance(distance, visibility)) / 255.0


def headlamp(x: FloatArray, y: FloatArray) -> FloatArray:
    """Light of the ego's low beams on a spot ahead and to the left of the camera [m], 0 … 1."""
    ahead = np.maximum(x, 0.1)
    cone = np.exp(-((y / (1.5 + 0.28 * ahead)) ** 2))
    reach = np.exp(-((ahead / 75.0) ** 2)) + 0.3 * np.exp(-ahead / 110.0)
    light: FloatArray = cone * reach * (x > 0.0)
    return light


for _law in (transmittance, alpha_of, headlamp):
    register_jitable(_law)  # compiled where compiled code calls it, for one place at a time


class Air:
    """The air and light of one episode, made ready for each pixel."""

    def __init__(self, model: CameraModel, conditions: Conditions) -> None:
        self.visibility = conditions.visibility
        self.night = conditions.light is Light.NIGHT
        self.fog_colour = _fog_colour(conditions)
        self.ambient = {Light.DAY: 1.0, Light.DUSK: 0.62, Light.NIGHT: 0.13}[conditions.light]
        if conditions.weather is not Weather.CLEAR and not self.night:
            self.ambient *= 0.85
        u, v = np.meshgrid(np.arange(model.width) + 0.5, np.arange(model.height) + 0.5)
        spots = model.to_ground(np.stack([u.ravel(), v.ravel()], axis=1))
        x, y = spots[:, 0] - model.mount_x, spots[:, 1]
        sky = np.isnan(x)
        away = np.where(sky, 0.0, np.hypot(np.nan_to_num(x), np.nan_to_num(y)))
        through = np.where(sky, 1.0, transmittance(away, self.visibility))
        lit = np.where(sky, 1.0, self.light_at(np.nan_to_num(x), np.nan_to_num(y)))
        shape = (model.height, model.width)
        self.ground_depth = np.where(sky, np.inf, x).reshape(shape)
        self._ground_through = np.round(255.0 * through).astype(np.uint8).reshape(shape)
        self._ground_lit = np.round(255.0 * lit).astype(np.uint8).reshape(shape)
        self._haze = np.round(self.fog_colour).astype(np.uint8)
        rng = np.random.default_rng((conditions.scenery_seed, 2))
        sigma = 3.5 if self.night else 2.2
        noises = [rng.normal(0.0, sigma, (*shape, 3)) for _ in range(_NOISE_FRAMES)]
        rains = [_streaks(shape, conditions.rain_rate, rng) for _ in range(_NOISE_FRAMES)]
        # frame by frame: of all at once there would be several copies of 28 MB
        self._bright = np.stack(
            [_bytes(noise + rain[..., None]) for noise, rain in zip(noises, rains, strict=True)]
        )
        self._dark = np.stack([_bytes(-noise) for noise in noises])

    def light_at(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Brightness at spots ahead of and left of the camera [m], 0 … 1."""
        if not self.night:
            return np.full(np.shape(x), self.ambient)
        return np.minimum(self.ambient + _ROAD * headlamp(x, y), 1.0)

    def reached(
        self, x: FloatArray, y: FloatArray, reflecting: NDArray[np.bool_], ego: EgoState
    ) -> tuple[list[int], list[float], list[float]]:
        """Which things at ``x, y`` (N,) [m] may be in view, and the light and alpha of each of these.

        What is ``reflecting`` (N,) throws the headlamps' light back to the driver.
        """
        rows, light, alpha = _reached(
            np.ascontiguousarray(x), np.ascontiguousarray(y), reflecting,
            ego.x, ego.y, np.cos(ego.yaw), np.sin(ego.yaw),
            self.visibility, self.ambient, self.night,
        )  # fmt: skip
        return rows.tolist(), light.tolist(), alpha.tolist()

    def apply(self, large: NDArray[np.uint8], time: float) -> Image:
        """The supersampled picture as the sensor sees it at ``time`` [s], (H, W, 3) RGB.

        ``large`` is (2·H, 2·W, 4) BGRA with its first row at the bottom.
        What the air lets through is settled before shrinking, so that edges blend as colours do.
        """
        frame = round(time * 20.0) * 3 % _NOISE_FRAMES
        height, width = self._ground_through.shape
        picture = np.empty((height, width, 3), np.uint8)
        sense(
            large.view(np.uint32)[:, :, 0],
            self._ground_through,
            self._ground_lit,
            self._haze,
            self._bright[frame],
            self._dark[frame],
            picture.reshape(height, -1),
        )
        return picture


@numba.njit(cache=True)
def _reached(  # type: ignore[no-untyped-def]
    x, y, reflecting, ego_x, ego_y, cos, sin, visibility, ambient, night
):
    """Rows, light and alpha (M,) of things that stand upright, as seen from the ego."""
    rows, light, alpha = np.empty(len(x), np.int64), np.empty(len(x)), np.empty(len(x))
    count = 0
    for row in range(len(x)):
        dx, dy = x[row] - ego_x, y[row] - ego_y
        ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
        if -_BEHIND < ahead < min(_REACH, visibility):
            rows[count], light[count] = row, ambient
            if night:
                gain = _RETRO if reflecting[row] else _UPRIGHT
                light[count] = min(ambient + gain * headlamp(np.maximum(ahead, _LIT_FROM), left), 1.0)
            alpha[count] = alpha_of(np.hypot(ahead, left), visibility)
            count += 1
    return rows[:count], light[:count], alpha[:count]


def _bytes(values: FloatArray) -> NDArray[np.uint8]:
    """Rounded, and cut off at what a byte holds; the colours of a row one after the other (H, 3·W)."""
    return np.clip(np.round(values), 0, 255).astype(np.uint8).reshape(len(values), -1)


def _fog_colour(conditions: Conditions) -> FloatArray:
    if conditions.light is Light.NIGHT:
        return np.array([16.0, 18.0, 24.0])
    if conditions.light is Light.DUSK:
        return np.array([150.0, 128.0, 122.0])
    clear = conditions.weather is Weather.CLEAR
    return np.array([196.0, 212.0, 228.0]) if clear else np.array([186.0, 190.0, 194.0])


def _streaks(shape: tuple[int, int], rate: float, rng: np.random.Generator) -> FloatArray:
    """Rain as faint slanted lines, brightness added (H, W)."""
    canvas = np.zeros(shape, np.uint8)
    for _ in range(int(150 * rate)):
        x, y = int(rng.integers(0, shape[1])), int(rng.integers(-10, shape[0]))
        long = int(rng.integers(6, 22))
        cv2.line(canvas, (x, y), (x + long // 6, y + long), int(rng.integers(15, 45)), 1, cv2.LINE_AA)
    return canvas.astype(np.float64)
