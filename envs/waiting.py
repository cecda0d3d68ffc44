"""Whether the ego stands because somebody ahead of it does, who will go on by themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import FloatArray
from drive_stack.vehicle import VehicleParameters
from drive_stack.world_state import EgoState, VehicleStates
from envs.pedestrians import Mode, Pedestrians

REACH = 20.0  # from the ego's front bumper [m]
STANDING = 0.5  # what is slower stands [m/s]
_MARGIN = 0.25  # beside the ego's flanks [m]
_HAZARD_LIGHTS = 2  # `VehicleStates.indicator` of a vehicle that is parked for good


def waits_in_traffic(
    ego: EgoState, vehicles: VehicleStates, people: Pedestrians, car: VehicleParameters
) -> bool:
    """Whether standing traffic, or somebody on their way across, blocks the ego's path within `REACH`.

    A vehicle parked for good (hazard lights on), a person who stays where they are, and everything beside
    the ego's path do not count: the ego can drive round them or past them.
    """
    standing = (vehicles.speed < STANDING) & (vehicles.indicator != _HAZARD_LIGHTS)
    if _blocks(ego, car, vehicles.station, vehicles.lateral, vehicles.length, vehicles.width, standing):
        return True
    crossing = (people.mode == Mode.CROSS) | (people.mode == Mode.HOLD)
    size = 2.0 * people.radius
    return _blocks(ego, car, people.station, people.lateral, size, size, crossing)


def _blocks(
    ego: EgoState,
    car: VehicleParameters,
    station: FloatArray,
    lateral: FloatArray,
    length: FloatArray,
    width: FloatArray,
    counts: NDArray[np.bool_],
) -> bool:
    """Whether one of the bodies that count is in the path of the ego's width, along the road."""
    front = ego.station + car.length - car.rear_overhang
    middle = ego.station + car.centre_ahead
    near = (station > middle) & (station - length / 2.0 - front < REACH)
    in_path = np.abs(lateral - ego.lateral) < (width + car.width) / 2.0 + _MARGIN
    return bool(np.any(near & in_path & counts))
