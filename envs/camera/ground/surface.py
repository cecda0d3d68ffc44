"""Colours of the ground by the surface of the road: dry, wet, under water or snowed over."""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray
from drive_stack.vehicle import Surface
from drive_stack.world_state import Conditions, Weather

_ASPHALT, _SHOULDER, _GRASS = np.array([92, 93, 96]), np.array([104, 104, 104]), np.array([96, 122, 66])
_PACKED_SNOW, _FRESH_SNOW = np.array([176, 180, 187]), np.array([216, 221, 229])
_MEADOW = np.array([88, 116, 62])  # far from the road
_WATER_SHEEN = np.array([36, 46, 60])  # sky that standing water mirrors
_SHEEN = 0.45  # fraction of the light from the road that is mirrored sky
_WET_TONE, _WET_GRASS = 0.62, 0.82  # brightness of soaked asphalt and grass, relative to dry
_TRACK_TONE, _SNOW_TRACK_TONE = 0.93, 0.66  # brightness of wheel tracks, relative to the road next to them


def wet_tone(conditions: Conditions) -> float:
    """Return the tone of wet asphalt relative to dry."""
    if conditions.surface is None:
        return 1.0 - (1.0 - _WET_TONE) * min(conditions.rain_rate * 1.5, 1.0)
    return _WET_TONE if conditions.surface in (Surface.WET, Surface.STANDING_WATER) else 1.0


def asphalt_colour(conditions: Conditions) -> FloatArray:
    """Return the colour (3,) of lanes between the wheel tracks, 0 … 255."""
    return _covered(_ASPHALT, _PACKED_SNOW, conditions)


def shoulder_colour(conditions: Conditions) -> FloatArray:
    """Return the colour (3,) of shoulders, 0 … 255."""
    return _covered(_SHOULDER, _FRESH_SNOW, conditions)


def grass_colour(conditions: Conditions) -> FloatArray:
    """Return the colour (3,) of the terrain, 0 … 255."""
    if conditions.surface is Surface.SNOW:
        return np.asarray(_FRESH_SNOW, dtype=np.float64)
    return np.asarray(_GRASS * (_WET_GRASS if conditions.weather is Weather.RAIN else 1.0))


def meadow_colour(conditions: Conditions) -> FloatArray:
    """Return the colour (3,) of the plain around the road, 0 … 255."""
    return _FRESH_SNOW if conditions.surface is Surface.SNOW else _MEADOW


def track_tone(conditions: Conditions) -> float:
    """Return the brightness of the wheel tracks relative to the road next to them."""
    return _SNOW_TRACK_TONE if conditions.surface is Surface.SNOW else _TRACK_TONE


def _covered(colour: FloatArray, snow: FloatArray, conditions: Conditions) -> FloatArray:
    """Return a colour of pavement (3,) as the surface changes it; ``snow`` is its colour below snow."""
    if conditions.surface is Surface.SNOW:
        return np.asarray(snow, dtype=np.float64)
    wet = colour * wet_tone(conditions)
    if conditions.surface is Surface.STANDING_WATER:
        wet = (1.0 - _SHEEN) * wet + _SHEEN * _WATER_SHEEN
    return np.asarray(wet, dtype=np.float64)
