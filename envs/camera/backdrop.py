"""What is seen where nothing is drawn: the sky, far hills, and the plain around the road.

Drawing them took the renderer a fifth of its time, as they fill most of a picture. Colours and the distances
from the two edges between the three change slowly, so they are computed for a few directions of each frame
and interpolated between.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.seeds import SceneryStream
from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray
from drive_stack.world_state import Conditions, Light, Weather

from .ground import meadow_colour

_ROWS, _COLUMNS = 8, 32  # pixels between two computed directions
_SLOPES = np.array([0.0, 0.06, 0.16, 0.4, 1.2])  # elevations as height over distance …
_FRACTIONS = np.array([0.0, 0.3, 0.6, 0.9, 1.0])  # … and how far the colour there is that of the zenith
_RIDGE = 0.022  # mean elevation of the far hills' ridge
_WAVES = (3, 5, 9, 14)  # hills in a full circle
_DUSK_GLOW, _DAY_GLOW = np.array([90.0, 30.0, -30.0]), np.array([24.0, 18.0, 8.0])  # around the sun
_HILL = np.array([70.0, 92.0, 84.0])


class Backdrop:
    """The backdrop of one episode, with ``haze`` (3,) RGB at the horizon."""

    def __init__(self, model: CameraModel, conditions: Conditions, haze: FloatArray) -> None:
        rng = SceneryStream.BACKDROP.generator(conditions.scenery_seed)
        self._phases = rng.uniform(0.0, 6.0, len(_WAVES))
        self._haze, self._zenith = haze, _zenith(conditions, haze)
        sunny = conditions.light is not Light.NIGHT and conditions.weather is Weather.CLEAR
        glow = _DUSK_GLOW if conditions.light is Light.DUSK else _DAY_GLOW
        self._glow = glow if sunny else np.zeros(3)
        self._sun = conditions.sun_azimuth
        far = 0.0 if conditions.visibility < 800.0 else 0.45
        self._hill = (haze + far * (_HILL * (haze.mean() / 200.0) - haze)).astype(np.float32)
        self._meadow = meadow_colour(conditions).astype(np.float32)
        self._words = np.empty((model.height, model.width), dtype=np.uint32)
        rows = np.arange(-(-model.height // _ROWS) + 1) * _ROWS + 0.5
        columns = np.arange(-(-model.width // _COLUMNS) + 1) * _COLUMNS + 0.5
        u, v = np.meshgrid(columns, rows)
        self._pixels = np.stack([u.ravel(), v.ravel()], axis=1)
        self._shape = u.shape

    def fill(self, camera: CameraModel, yaw: float, horizon: float) -> NDArray[np.uint32]:
        """Return the backdrop (H, W) of a camera on an ego with heading ``yaw`` [rad].

        Args:
            camera: The camera as it is at this moment, in the level frame at the ego.
            yaw: Heading of the ego [rad].
            horizon: Slope (height over distance) at which the plain ends.

        Returns:
            Words of blue, green, red and a zero, from the lowest byte up. They are overwritten by the next
            call.
        """
        forward, left, up = camera.rays(self._pixels).T
        flat = np.hypot(forward, left)
        slope, azimuth = up / flat, yaw + np.arctan2(left, forward)
        edges = np.stack([self.ridge(azimuth), np.full(len(slope), horizon)], axis=1)
        above = (slope[:, None] - edges) * camera.focal_px
        knots = np.concatenate([self.sky(slope, azimuth), above], axis=1).astype(np.float32)
        _interpolate(knots.reshape(*self._shape, 5), self._hill, self._meadow, self._words)
        return self._words

    def ridge(self, azimuth: FloatArray) -> FloatArray:
        """Return the elevation of the far hills, as height over distance, by ``azimuth`` (N,) [rad]."""
        counts = np.array(_WAVES)[:, None]
        waves = 0.009 * np.sin(counts * azimuth + self._phases[:, None]) / (1.0 + 0.3 * counts)
        return np.asarray(np.maximum(_RIDGE + waves.sum(axis=0), 0.002))

    def sky(self, slope: FloatArray, azimuth: FloatArray) -> FloatArray:
        """Return the colour of the sky (N, 3) RGB 0 … 255 by elevation ``slope`` and ``azimuth`` [rad]."""
        fraction = np.interp(slope, _SLOPES, _FRACTIONS)[:, None]
        glow = np.maximum(np.cos(azimuth - self._sun), 0.0)[:, None] ** 4
        colour = self._haze + fraction * (self._zenith - self._haze)
        return np.asarray(np.clip(colour + (1.0 - fraction) * glow * self._glow, 0.0, 255.0))


def _zenith(conditions: Conditions, haze: FloatArray) -> FloatArray:
    """Return the colour overhead (3,)."""
    if conditions.weather is Weather.FOG:
        return haze
    if conditions.weather is not Weather.CLEAR:
        return haze * 0.8
    if conditions.light is Light.NIGHT:
        return np.array([6.0, 8.0, 16.0])
    return np.array([86.0, 138.0, 204.0]) if conditions.light is Light.DAY else np.array([62.0, 74.0, 122.0])


@kernel()
def _interpolate(knots, hill, meadow, words):  # type: ignore[no-untyped-def]
    """Fill ``words`` (H, W) from ``knots`` (R, C, 5): RGB of the sky, and pixels above the two edges."""
    height, width = words.shape
    row = np.empty(knots.shape[1:], np.float32)
    for v in range(height):
        upper, below = v // _ROWS, np.float32((v % _ROWS) / _ROWS)
        for column in range(len(row)):
            for value in range(5):
                first = knots[upper, column, value]
                row[column, value] = first + below * (knots[upper + 1, column, value] - first)
        if row[:, 4].max() <= -0.5:
            words[v] = _word(meadow[0], meadow[1], meadow[2])
            continue
        mixed = row[:, 3].min() < 0.5 or row[:, 4].min() < 0.5
        for start in range(0, width, _COLUMNS):
            left, right = row[start // _COLUMNS], row[start // _COLUMNS + 1]
            for u in range(start, min(start + _COLUMNS, width)):
                part = np.float32(np.int32(u - start)) * np.float32(1.0 / _COLUMNS)
                red = left[0] + part * (right[0] - left[0])
                green = left[1] + part * (right[1] - left[1])
                blue = left[2] + part * (right[2] - left[2])
                words[v, u] = _word(red, green, blue)
            if mixed:
                _cover(left, right, hill, meadow, words[v, start : start + _COLUMNS])


@kernel()
def _cover(left, right, hill, meadow, words):  # type: ignore[no-untyped-def]
    """Draw hills and the plain over the sky in a part of a row between two computed pixels."""
    for u in range(len(words)):
        part = np.float32(u / _COLUMNS)
        sky = _above(left[3] + part * (right[3] - left[3]))
        land = _above(left[4] + part * (right[4] - left[4]))
        red = left[0] + part * (right[0] - left[0])
        green = left[1] + part * (right[1] - left[1])
        blue = left[2] + part * (right[2] - left[2])
        words[u] = _word(
            meadow[0] + land * (hill[0] + sky * (red - hill[0]) - meadow[0]),
            meadow[1] + land * (hill[1] + sky * (green - hill[1]) - meadow[1]),
            meadow[2] + land * (hill[2] + sky * (blue - hill[2]) - meadow[2]),
        )


@kernel()
def _above(edge):  # type: ignore[no-untyped-def]
    """Return how much of a pixel lies above an edge, from the pixels between the edge and its centre."""
    return min(max(edge + np.float32(0.5), np.float32(0.0)), np.float32(1.0))


@kernel()
def _word(red, green, blue):  # type: ignore[no-untyped-def]
    half = np.float32(0.5)
    high = np.uint32(np.uint32(np.int32(red + half)) << np.uint32(16))
    middle = np.uint32(np.uint32(np.int32(green + half)) << np.uint32(8))
    return np.uint32(np.uint32(high | middle) | np.uint32(np.int32(blue + half)))
