"""The blind-spot radar of a production car.

It flags a side when a vehicle is beside the car or closes in fast from behind, in a band about one
lane wide next to the car's flank; it knows no lanes (as UN R151 and ISO 17387 type III systems).
"""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray

BEHIND = 6.0  # covered behind the rear bumper [m]
AHEAD = 2.0  # and ahead of the front bumper [m]
NEAR, FAR = -0.2, 3.4  # nearest flank of the other, from the ego's flank [m]
CLOSING_RANGE = 70.0  # how far back closing vehicles are seen [m]
CLOSING_TIME = 3.5  # flagged when they would be abreast sooner [s]


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
    """Left and right flag, from other vehicles' centres ``(N,)`` on the road and along it."""
    aside = lateral - ego_lateral
    flank = np.abs(aside) - (width + ego_width) / 2.0
    in_band = (flank > NEAR) & (flank < FAR)
    front, rear = station + length / 2.0, station - length / 2.0
    beside = (front > ego_rear - BEHIND) & (rear < ego_front + AHEAD)
    back = ego_rear - front
    closing = speed - ego_speed
    approaching = (back >= 0.0) & (back < CLOSING_RANGE) & (closing * CLOSING_TIME > back)
    seen = in_band & (beside | approaching)
    return bool(np.any(seen & (aside > 0.0))), bool(np.any(seen & (aside < 0.0)))
