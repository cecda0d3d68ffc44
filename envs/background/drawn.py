"""States of drawn vehicles that no lane of the road has."""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray
from drive_stack.world_state import VehicleStates

from ..bodies import BODIES
from ..traffic.mix import DrawnVehicle


def vehicle_states(
    drawn: list[DrawnVehicle], first_id: int, lateral: FloatArray, speed: FloatArray
) -> VehicleStates:
    """Return the states of vehicles (N,) at laterals [m] and speeds [m/s]; other places are not yet set."""
    count = len(drawn)
    size = np.array([(vehicle.length, vehicle.width, vehicle.height) for vehicle in drawn])
    length, width, height = size.reshape(count, 3).T.copy()
    zero, off_lane, no = np.zeros(count), np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    return VehicleStates(
        id=first_id + np.arange(count), x=zero, y=zero, yaw=zero, speed=speed, acceleration=zero,
        length=length, width=width, height=height,
        label=np.array([int(BODIES[vehicle.body].label) for vehicle in drawn], dtype=np.int64),
        body=np.array([vehicle.body for vehicle in drawn], dtype=np.int64),
        colour=np.array([vehicle.colour for vehicle in drawn], dtype=np.uint8).reshape(count, 3),
        lane=off_lane, target_lane=off_lane, station=zero, lateral=lateral,
        brake_lamp=no, indicator=np.zeros(count, dtype=np.int64), parked=no, unlit=no,
    )  # fmt: skip
