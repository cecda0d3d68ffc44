"""Light below bridges, relative to the open road."""

from __future__ import annotations

import numpy as np

from drive_stack.road.scenery import Bridge
from drive_stack.types import FloatArray

BELOW = 0.4  # brightness below the middle of a bridge by day and dusk
SOFT_EDGE = 3.0  # length along the road over which the light falls to that [m]


def light_below(bridges: tuple[Bridge, ...], station: FloatArray) -> FloatArray:
    """Return the brightness at stations (N,) [m] relative to the open road, `BELOW` … 1."""
    light = np.ones(np.shape(station))
    for bridge in bridges:
        inside = (bridge.depth + SOFT_EDGE) / 2.0 - np.abs(station - bridge.station)
        light = np.minimum(light, 1.0 - (1.0 - BELOW) * np.clip(inside / SOFT_EDGE, 0.0, 1.0))
    return light
