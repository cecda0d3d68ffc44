"""A wet road mirrors the sky, and draws the lamps of vehicles out to vertical streaks.

A film of water mirrors the fraction F of the light (Schlick's formula, F₀ = 0.02), and the asphalt below it
gets the rest. Seen from a car, the road far ahead is a mirror. The film is rough: facets that tilt along the
line of sight mirror a lamp over a wide range of rows, but over few columns.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from drive_stack.camera_model import CameraModel
from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray, Image
from drive_stack.vehicle import Surface
from drive_stack.world_state import Conditions, WorldState

from ..atmosphere import Atmosphere
from ..sensing import GLOSS_CODE
from .lamps import Lamps, lamps_in_view

_F0 = 0.02  # of water
_MAX_SLOPE, _SLOPES = 1.2, 256  # of mirrored rays; entries of the sky's table
_SOAKED_RATE = 2.0 / 3.0  # rain rate from which the film covers the road
_ROUGHNESS = 0.06  # standard deviation of the film's tilt [rad]
_FULL_STREAK_DISTANCE = 25.0  # of a lamp; the streaks of farther ones are fainter [m]
_LAMP_RADIUS = 0.1  # [m]
_REACH = 3.0  # standard deviations


class WetGloss:
    """The mirroring of one episode's road."""

    def __init__(self, conditions: Conditions, haze: FloatArray) -> None:
        self._amount = conditions.wet_gloss * film(conditions)
        self._haze = haze.astype(np.float64)
        self._slopes = np.linspace(0.0, _MAX_SLOPE, _SLOPES)

    def apply(
        self, image: Image, large: NDArray[np.uint8], camera: CameraModel, atmosphere: Atmosphere,
        state: WorldState,
    ) -> None:  # fmt: skip
        """Add the mirrored light to ``image`` (H, W, 3) RGB.

        Args:
            image: The picture without it.
            large: The supersampled buffer (2·H, 2·W, 4) that it was made from, first row at the bottom.
            camera: The camera in the level frame at the ego.
            atmosphere: Light and haze.
            state: The world's state.
        """
        if self._amount == 0.0:
            return
        sky = atmosphere.backdrop.sky(self._slopes, np.full(_SLOPES, state.ego.yaw))
        mirror = np.zeros(image.shape[:2], np.float32)
        _mirror_sky(
            image, large, atmosphere.ground_depth(), atmosphere.ground_tables()[0], self._amount,
            camera.mount_z, camera.focal_px, sky, self._haze, mirror,
        )  # fmt: skip
        lamps = lamps_in_view(state, camera)
        if len(lamps.luminance):
            _add_streaks(image, mirror, *_streaks(lamps, camera), lamps.colour)


def film(conditions: Conditions) -> float:
    """Return the fraction of the road that a film of water covers."""
    if conditions.road_surface not in (Surface.WET, Surface.STANDING_WATER):
        return 0.0
    return 1.0 if conditions.surface is not None else min(conditions.rain_rate / _SOAKED_RATE, 1.0)


@kernel()
def fresnel(sine):  # type: ignore[no-untyped-def]
    """Return the fraction of light that water mirrors; ``sine`` is that of the angle above the surface."""
    return _F0 + (1.0 - _F0) * (1.0 - sine) ** 5


def _streaks(lamps: Lamps, camera: CameraModel) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return place and spread of each streak [px], and its strength (N,).

    The places (N, 3) are column, first row and brightest row; the spreads (N, 2) are standard deviations.
    """
    distance = np.maximum(lamps.distance, 1.0)
    sideways = camera.focal_px * (2.0 * _ROUGHNESS * camera.mount_z / distance + _LAMP_RADIUS) / distance
    along = np.full(len(distance), 2.0 * _ROUGHNESS * camera.focal_px)
    place = np.stack([lamps.u, lamps.foot_v, 2.0 * lamps.foot_v - lamps.v], axis=1)
    strength = lamps.luminance * np.minimum(_FULL_STREAK_DISTANCE / distance, 1.0)
    return place, np.stack([sideways, along], axis=1), strength


@kernel()
def _mirror_sky(  # type: ignore[no-untyped-def]
    image, large, depth, through, amount, eye_height, focal, sky, haze, mirror
):
    """Blend the sky into the glossy ground, and fill ``mirror`` (H, W) with the mirrored fraction."""
    height, width = mirror.shape
    for v in range(height):
        row = 2 * (height - 1 - v)
        for u in range(width):
            glossy = 0
            for i in range(2):
                for j in range(2):
                    glossy += large[row + i, 2 * u + j, 3] == GLOSS_CODE
            if glossy == 0 or depth[v, u] == np.inf:
                continue
            across = (u + 0.5 - width / 2.0) / focal
            slope = eye_height / (depth[v, u] * math.sqrt(1.0 + across * across))
            fraction = amount * fresnel(slope / math.sqrt(1.0 + slope * slope)) * glossy / 4.0
            entry = min(int(slope / _MAX_SLOPE * (_SLOPES - 1) + 0.5), _SLOPES - 1)
            arrives = through[v, u] / 255.0
            for channel in range(3):
                mirrored = haze[channel] + arrives * (sky[entry, channel] - haze[channel])
                seen = image[v, u, channel]
                image[v, u, channel] = np.uint8(seen + fraction * (mirrored - seen) + 0.5)
            mirror[v, u] = fraction * arrives


@kernel()
def _add_streaks(image, mirror, place, spread, strength, colour):  # type: ignore[no-untyped-def]
    """Add the streak of each lamp where the road mirrors."""
    height, width = mirror.shape
    for lamp in range(len(place)):
        centre, first, brightest = place[lamp]
        across, along = spread[lamp]
        low, high = max(int(centre - _REACH * across), 0), min(int(centre + _REACH * across) + 1, width)
        for v in range(max(int(first), 0), min(int(brightest + _REACH * along) + 1, height)):
            fade = math.exp(-0.5 * ((v + 0.5 - brightest) / along) ** 2) * strength[lamp]
            for u in range(low, high):
                if mirror[v, u] == 0.0:
                    continue
                light = mirror[v, u] * fade * math.exp(-0.5 * ((u + 0.5 - centre) / across) ** 2)
                for channel in range(3):
                    lit = image[v, u, channel] + light * colour[lamp, channel] + 0.5
                    image[v, u, channel] = np.uint8(min(lit, 255.0))
