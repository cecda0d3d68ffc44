"""Decides whether the ego is stationary because it waits for traffic or pedestrians ahead of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import FloatArray
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState, VehicleStates

from ..pedestrians import Mode, Pedestrians

MAX_DISTANCE = 20.0  # from the ego's front bumper [m]
STATIONARY_SPEED = 0.5  # a vehicle slower than this counts as stationary [m/s]
_LATERAL_MARGIN = 0.25  # on each side of the ego [m]


def is_waiting_in_traffic(
    ego: EgoState, vehicles: VehicleStates, pedestrians: Pedestrians, car: VehicleParameters
) -> bool:
    """Whether stationary traffic or a crossing pedestrian blocks the ego's path within `MAX_DISTANCE`.

    A permanently parked vehicle, a pedestrian who is not crossing, and everything next to
    the ego's path do not count, because the ego can drive around or past them.
    """
    stationary = (vehicles.speed < STATIONARY_SPEED) & (~vehicles.parked)
    if _is_blocked(ego, car, vehicles.station, vehicles.lateral, vehicles.length, vehicles.width, stationary):
        return True
    crossing = (pedestrians.mode == Mode.CROSS) | (pedestrians.mode == Mode.PAUSE)
    half_length, half_width = pedestrians.extents()
    return _is_blocked(
        ego, car, pedestrians.station, pedestrians.lateral, 2.0 * half_length, 2.0 * half_width, crossing
    )


def _is_blocked(
    ego: EgoState,
    car: VehicleParameters,
    station: FloatArray,
    lateral: FloatArray,
    length: FloatArray,
    width: FloatArray,
    selected: NDArray[np.bool_],
) -> bool:
    """Whether one of the selected bodies is in the ego's path, which is as wide as the ego plus a margin."""
    front = ego.station + car.length - car.rear_overhang
    centre = ego.station + car.centre_ahead
    ahead = (station > centre) & (station - length / 2.0 - front < MAX_DISTANCE)
    in_path = np.abs(lateral - ego.lateral) < (width + car.width) / 2.0 + _LATERAL_MARGIN
    return bool(np.any(ahead & in_path & selected))
