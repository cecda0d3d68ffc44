"""Shade on the ground: a layer whose colours multiply those of what lies below it."""

from __future__ import annotations

import numpy as np

from drive_stack.road.scenery import Bridge
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray, SemanticClass
from drive_stack.world_state import Conditions, Light

from .layers import STEP, Layer, Strip

BELOW = 0.4  # brightness below the middle of a bridge by day and dusk, relative to the open road
_SOFT_EDGE = 3.0  # length along the road over which the light falls to that [m]


def light_below(bridges: tuple[Bridge, ...], station: FloatArray) -> FloatArray:
    """Return the brightness at stations (N,) [m] relative to the open road, `BELOW` … 1."""
    light = np.ones(np.shape(station))
    for bridge in bridges:
        inside = (bridge.depth + _SOFT_EDGE) / 2.0 - np.abs(station - bridge.station)
        light = np.minimum(light, 1.0 - (1.0 - BELOW) * np.clip(inside / _SOFT_EDGE, 0.0, 1.0))
    return light


def shade_layer(road: RoadMap, conditions: Conditions, start: float, end: float) -> Layer | None:
    """Return the shade between two stations [m] with factors of 0 … 255 as colours; None without any.

    By night there is none, as the light comes from headlamps.
    """
    if conditions.light is Light.NIGHT:
        return None
    corners, factors = [], []
    for bridge in conditions.scenery.bridges:
        reach = (bridge.depth + _SOFT_EDGE) / 2.0
        low, high = max(start, bridge.station - reach), min(end, bridge.station + reach)
        if high <= low:
            continue
        inner = bridge.station + np.array([-1.0, 1.0]) * (bridge.depth - _SOFT_EDGE) / 2.0
        station = np.unique(
            [*np.linspace(low, high, int((high - low) / STEP) + 2), *np.clip(inner, low, high)]
        )
        left, right = np.full(len(station), bridge.left), np.full(len(station), bridge.right)
        corners.append(Strip(left, right, station).quads(road))
        light = light_below((bridge,), station)
        factors.append(np.stack([light[:-1], light[:-1], light[1:], light[1:]], axis=1))
    if not corners:
        return None
    factor = np.concatenate(factors)[:, :, None]
    colours = np.concatenate(
        [np.repeat(255.0 * factor, 3, axis=2), np.full((*factor.shape[:2], 1), 255.0)], axis=2
    )
    return Layer(SemanticClass.ROAD, np.concatenate(corners), colours)
