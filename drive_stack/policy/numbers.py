"""The numbers that go into the policy beside the pictures, and those that come out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import Control, NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters

SPEED, YAW_RATE = 30.0, 0.2  # what counts as one [m/s, rad/s]
SLOWEST = 6.0  # a slower car steers as at this speed [m/s]
STATE_NAMES = (
    "speed",
    "yaw rate",
    "limit",
    "below the limit",
    "blind left",
    "blind right",
    *NavigationCommand.__members__,
)
STATE_SIZE = len(STATE_NAMES)


def state_rows(
    speed: NDArray[np.floating],
    yaw_rate: NDArray[np.floating],
    limit: NDArray[np.floating],
    blind: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    command: NDArray[np.integer],
) -> NDArray[np.float32]:
    """(N, `STATE_SIZE`) from columns (N,) in SI units."""
    asked = command[:, None] == np.arange(len(NavigationCommand))
    columns = [speed / SPEED, yaw_rate / YAW_RATE, limit / SPEED, (limit - speed) / SPEED, *blind]
    return np.concatenate([np.stack(columns, axis=1), asked], axis=1).astype(np.float32)


def state_of(observation: Observation) -> NDArray[np.float32]:
    """(`STATE_SIZE`,) of one observation."""
    seen = observation
    rows = state_rows(
        np.array([seen.speed]),
        np.array([seen.yaw_rate]),
        np.array([seen.speed_limit]),
        (np.array([seen.blind_spot_left]), np.array([seen.blind_spot_right])),
        np.array([int(seen.command)]),
    )
    return np.asarray(rows[0])


def sideways_of(
    steering: NDArray[np.floating], speed: NDArray[np.floating], car: VehicleParameters
) -> NDArray[np.float32]:
    """Lateral acceleration [m/s²] that steering angles [rad] bring about at a speed [m/s].

    A few milliradians are much at 30 m/s and nothing at walking pace; learnt as lateral acceleration they
    count for what they do.
    """
    pace = np.maximum(speed, SLOWEST)
    return np.asarray(np.tan(steering) * pace**2 / car.wheelbase, dtype=np.float32)


def control_of(sideways: float, acceleration: float, speed: float, car: VehicleParameters) -> Control:
    """Undo `sideways_of`, within what the car can do."""
    steering = float(np.arctan(sideways * car.wheelbase / max(speed, SLOWEST) ** 2))
    return Control(
        steering=float(np.clip(steering, -car.max_steering, car.max_steering)),
        acceleration=float(np.clip(acceleration, car.min_acceleration, car.max_acceleration)),
    )
