"""The exposure adapts to the dark below a bridge, and to the light behind it, with a delay."""

from __future__ import annotations

import math

import cv2
import numpy as np

from drive_stack.road.scenery import Bridge
from drive_stack.types import Image

MAX_STOPS = 1.2  # of a camera that has adapted to the dark below a bridge
TIME_CONSTANT = 0.7  # of the adaptation [s]
_MIN_SPEED = 0.5  # of a car for which time is computed from distance [m/s]
_UNNOTICED = 0.01  # stops that change no pixel


def adaptation_stops(bridges: tuple[Bridge, ...], station: float, speed: float) -> float:
    """Return by how many stops the exposure is longer than on the open road.

    It depends on the state only: the time since the camera was below the edges of a bridge is that at the
    present speed.

    Args:
        bridges: All bridges over the road.
        station: That of the camera [m].
        speed: Of the car [m/s].
    """
    reach = max(speed, _MIN_SPEED) * TIME_CONSTANT
    stops = 0.0
    for bridge in bridges:
        entered = station - (bridge.station - bridge.depth / 2.0)
        if entered > 0.0:
            below = min(entered, bridge.depth)
            adapted = 1.0 - math.exp(-below / reach)
            stops += MAX_STOPS * adapted * math.exp(-(entered - below) / reach)
    return min(stops, MAX_STOPS)


def expose(image: Image, stops: float) -> Image:
    """Return an image (H, W, 3) with a longer exposure."""
    if stops < _UNNOTICED:
        return image
    table = np.clip(np.round(np.arange(256) * 2.0**stops), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table), dtype=np.uint8)
