"""Actions that command accelerations."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import Control
from drive_stack.vehicle import VehicleParameters

MAX_LATERAL_ACCELERATION = 4.0  # of the action ±1 [m/s²]
MIN_STEERING_SPEED = 6.0  # at lower speeds, the steering angle is that at this speed [m/s]


def control_of_accelerations(action: NDArray[np.float32], speed: float, car: VehicleParameters) -> Control:
    """Return the control of normalised lateral and longitudinal accelerations.

    The steering angle of a lateral acceleration a at the speed v is arctan(a · wheelbase / v²).

    Args:
        action: Lateral acceleration, positive to the left, in units of `MAX_LATERAL_ACCELERATION`, and
            longitudinal acceleration: −1 is full braking, +1 full throttle; shape (2,).
        speed: Speed of the ego [m/s].
        car: Limits of the ego.
    """
    lateral = float(action[0]) * MAX_LATERAL_ACCELERATION
    longitudinal = float(action[1])
    scale = car.max_acceleration if longitudinal >= 0.0 else -car.min_acceleration
    steering = math.atan(lateral * car.wheelbase / max(speed, MIN_STEERING_SPEED) ** 2)
    return Control(steering, longitudinal * scale)
