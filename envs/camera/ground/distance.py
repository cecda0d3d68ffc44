"""Distance, transmittance and light of the ground in each pixel.

Seen from the camera, the ground ahead rises or falls with the road. A ray through a pixel has the slope
t = Δz / Δx in the level frame at the ego, and t is the same for all pixels of a row of an image without roll.
The ground is hit at the first distance x at which the line of sight to it, e(x) = (z(x) − h) / x, reaches t.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.road.vertical_profile import VerticalProfile
from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray

from ..light_laws import headlamp_intensity, transmittance

PLAIN_REACH = 1400.0  # half the size of the plain around the ego [m]
_STEPS = 4  # entries of a table of rows for each pixel
_RIDGE_ROWS = 1.5  # above the last ground in view that still count as ground, as drawn ridges are chords [px]
_DISTANCES = np.concatenate([np.arange(1.0, 60.0, 0.5), np.geomspace(60.0, PLAIN_REACH, 240)])  # [m]
_KNOTS = 8  # pixels between two computed ones of a row


def plain_height(profile: VerticalProfile, start: float, end: float) -> float:
    """Return the height of the plain on which the hills between two stations [m] stand [m]."""
    if profile.is_level:
        return 0.0
    return float(profile.height_at(np.arange(start, end + 1.0, 10.0)).min())


class GroundDistance:
    """Distances of the ground by image row, for one pose of the camera.

    Args:
        camera: The camera in the level frame at the ego.
        profile: Heights along the road.
        station: Station of the ego [m].
        plain: Height of the plain [m].
    """

    def __init__(self, camera: CameraModel, profile: VerticalProfile, station: float, plain: float) -> None:
        self._camera = camera
        self._margin = int(np.ceil(camera.width / 2.0 * abs(np.sin(np.radians(camera.roll_deg))))) + 2
        rows = (np.arange((camera.height + 2 * self._margin) * _STEPS) + 0.5) / _STEPS - self._margin
        down = (rows - camera.height / 2.0) / camera.focal_px
        pitch = np.radians(camera.pitch_down_deg)
        self._ahead_share = np.cos(pitch) - down * np.sin(pitch)
        slope = -(np.sin(pitch) + down * np.cos(pitch)) / self._ahead_share
        self.distance = _first_hits(camera, profile, station, plain, slope)
        """Distance ahead of the camera for each row of the table [m]; infinite for the sky."""
        self._depth: FloatArray | None = None  # of each pixel, once computed

    def depth(self) -> FloatArray:
        """Return the distance ahead of the camera of the ground in each pixel (H, W) [m]; inf in the sky."""
        if self._depth is None:
            self._depth = self._compute_depth()
        return self._depth

    def _compute_depth(self) -> FloatArray:
        camera = self._camera
        u, v = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
        roll = np.radians(camera.roll_deg)
        right, down = u - camera.width / 2.0, v - camera.height / 2.0
        row = down * np.cos(roll) + right * np.sin(roll) + camera.height / 2.0
        return np.asarray(self.distance[((row + self._margin) * _STEPS).astype(int)])

    def light_and_transmittance(
        self, visibility: float, ambient: float, headlamps: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the transmittance and the light of the ground in each pixel (H, W), 0 … 255.

        Args:
            visibility: Meteorological visibility [m].
            ambient: Brightness without headlamps, 0 … 1.
            headlamps: Brightness in the middle of the headlamps' beam; 0 if they are off.
        """
        camera = self._camera
        through = np.empty((camera.height, camera.width), np.uint8)
        light = np.empty_like(through)
        _fill(
            self.distance, self._ahead_share, float(self._margin), camera.focal_px,
            math.radians(camera.roll_deg), visibility, ambient, headlamps, through, light,
        )  # fmt: skip
        return through, light


def _first_hits(
    camera: CameraModel, profile: VerticalProfile, station: float, plain: float, slope: FloatArray
) -> FloatArray:
    """Return the distance ahead at which rays of each ``slope`` first hit the ground [m]."""
    level = float(profile.height_at(np.asarray(station))) + camera.mount_z
    heights = profile.height_at(station + camera.mount_x + _DISTANCES) - level
    visible = np.maximum.accumulate(heights / _DISTANCES)
    index = np.searchsorted(visible, slope)
    last = len(_DISTANCES) - 1
    low, high = np.clip(index - 1, 0, last), np.clip(index, 0, last)
    # between two distances of the table the ground is nearly straight: z = z₁ + g·(x − x₁), and z = t·x
    step = np.where(high > low, _DISTANCES[high] - _DISTANCES[low], 1.0)
    grade = (heights[high] - heights[low]) / step
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = (heights[low] - grade * _DISTANCES[low]) / (slope - grade)
        near = -camera.mount_z / slope
        on_plain = (plain - level) / slope
    hit = np.clip(exact, _DISTANCES[low], _DISTANCES[high])
    hit = np.where(index == 0, np.where(slope < 0.0, near, np.inf), hit)
    sees_plain = (slope < 0.0) & (on_plain > 0.0)
    distance = np.where(index > last, np.where(sees_plain, on_plain, np.inf), hit)
    sky = ~np.isfinite(distance) | (distance > 50.0 * PLAIN_REACH)
    distance = np.where(sky, np.inf, distance)
    ridge = np.flatnonzero(~sky)[:1]
    if len(ridge) and index[ridge[0]] <= last:  # a hill, not the horizon of the plain
        first = max(int(ridge[0]) - int(_RIDGE_ROWS * _STEPS), 0)
        distance[first : ridge[0]] = distance[ridge[0]]
    return np.asarray(distance, dtype=np.float64)


@kernel()
def _fill(  # type: ignore[no-untyped-def]
    distance, ahead_share, margin, focal, roll, visibility, ambient, headlamps, through, light
):
    """Fill ``through`` and ``light`` (H, W) from the distances of the rows.

    Both change slowly along a row, so they are computed for every `_KNOTS`-th pixel and interpolated between,
    except where the horizon lies between.
    """
    height, width = through.shape
    camera = (math.cos(roll), math.sin(roll), height, width, margin, focal, visibility, ambient, headlamps)
    for v in range(height):
        left = _at_pixel(0, v, distance, ahead_share, camera)
        through[v, 0], light[v, 0] = _rounded(left[0]), _rounded(left[1])
        for start in range(0, width - 1, _KNOTS):
            end = min(start + _KNOTS, width - 1)
            right = _at_pixel(end, v, distance, ahead_share, camera)
            if (left[2] > 0.0) != (right[2] > 0.0):
                for u in range(start + 1, end + 1):
                    exact = _at_pixel(u, v, distance, ahead_share, camera)
                    through[v, u], light[v, u] = _rounded(exact[0]), _rounded(exact[1])
            else:
                rise, brighter = (right[0] - left[0]) / (end - start), (right[1] - left[1]) / (end - start)
                for u in range(1, end - start + 1):
                    through[v, start + u] = _rounded(left[0] + rise * u)
                    light[v, start + u] = _rounded(left[1] + brighter * u)
            left = right


@kernel()
def _rounded(value):  # type: ignore[no-untyped-def]
    return np.uint8(value + np.float32(0.5))


@kernel()
def _at_pixel(u, v, distance, ahead_share, camera):  # type: ignore[no-untyped-def]
    """Return transmittance and light 0 … 255 in one pixel, and 1 in the sky, else 0."""
    cos, sin, height, width, margin, focal, visibility, ambient, headlamps = camera
    down, right = v + 0.5 - height / 2.0, u + 0.5 - width / 2.0
    row = int((down * cos + right * sin + height / 2.0 + margin) * _STEPS)
    x = distance[row]
    if x == np.inf:
        return np.float32(255.0), np.float32(255.0), np.float32(1.0)
    across = (right * cos - down * sin) / (focal * ahead_share[row])
    through = transmittance(x * math.sqrt(1.0 + across * across), visibility)
    bright = ambient
    if headlamps > 0.0:
        bright = min(ambient + headlamps * headlamp_intensity(x, across * x), 1.0)
    return np.float32(255.0 * through), np.float32(255.0 * bright), np.float32(0.0)
