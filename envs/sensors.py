"""Model of a blind-spot radar as in production cars.

It warns on a side if a vehicle is next to the car, or approaches fast from behind, within a band about one
lane wide on that side. It does not know lanes (as UN R151 and ISO 17387 type III systems).
"""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray

RANGE_BEHIND = 6.0  # covered behind the rear bumper [m]
RANGE_AHEAD = 2.0  # covered ahead of the front bumper [m]
MIN_LATERAL_GAP, MAX_LATERAL_GAP = -0.2, 3.4  # between the sides of the ego and the other vehicle [m]
MAX_CLOSING_DISTANCE = 70.0  # behind the rear bumper, for approaching vehicles [m]
MAX_TIME_TO_REACH = 3.5  # approaching vehicles that reach the rear bumper sooner cause a warning [s]


def blind_spot(
    station: FloatArray,
    lateral: FloatArray,
    speed: FloatArray,
    length: FloatArray,
    width: FloatArray,
    *,
    ego_front: float,
    ego_rear: float,
    ego_lateral: float,
    ego_speed: float,
    ego_width: float,
) -> tuple[bool, bool]:
    """Return the warnings on the left and on the right.

    Args:
        station, lateral: Centres of the other vehicles in road coordinates [m], shape (N,).
        speed: Their speeds [m/s], shape (N,).
        length, width: Their sizes [m], shape (N,).
        ego_front, ego_rear: Stations of the ego's bumpers [m].
        ego_lateral: Lateral of the ego's centre line [m].
        ego_speed: Speed of the ego [m/s].
        ego_width: Width of the ego [m].
    """
    offset = lateral - ego_lateral
    lateral_gap = np.abs(offset) - (width + ego_width) / 2.0
    in_band = (lateral_gap > MIN_LATERAL_GAP) & (lateral_gap < MAX_LATERAL_GAP)
    front, rear = station + length / 2.0, station - length / 2.0
    adjacent = (front > ego_rear - RANGE_BEHIND) & (rear < ego_front + RANGE_AHEAD)
    distance = ego_rear - front
    closing_speed = speed - ego_speed
    approaching = (
        (distance >= 0.0) & (distance < MAX_CLOSING_DISTANCE) & (closing_speed * MAX_TIME_TO_REACH > distance)
    )
    detected = in_band & (adjacent | approaching)
    return bool(np.any(detected & (offset > 0.0))), bool(np.any(detected & (offset < 0.0)))
