"""The state vector that the policy receives in addition to images, and the conversion of its outputs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import Control, NavigationCommand, Observation
from drive_stack.vehicle import VehicleParameters

SPEED, YAW_RATE = 30.0, 0.2  # normalisation [m/s, rad/s]
MIN_STEERING_SPEED = 6.0  # at lower speeds, the steering angle is that at this speed [m/s]
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
    speed_limit: NDArray[np.floating],
    blind_spots: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    command: NDArray[np.integer],
) -> NDArray[np.float32]:
    """State vectors (N, `STATE_SIZE`) from columns (N,) in SI units."""
    one_hot = command[:, None] == np.arange(len(NavigationCommand))
    columns = [
        speed / SPEED,
        yaw_rate / YAW_RATE,
        speed_limit / SPEED,
        (speed_limit - speed) / SPEED,
        *blind_spots,
    ]
    return np.concatenate([np.stack(columns, axis=1), one_hot], axis=1).astype(np.float32)


def state_of(observation: Observation) -> NDArray[np.float32]:
    """State vector (`STATE_SIZE`,) of one observation."""
    rows = state_rows(
        np.array([observation.speed]),
        np.array([observation.yaw_rate]),
        np.array([observation.speed_limit]),
        (np.array([observation.blind_spot_left]), np.array([observation.blind_spot_right])),
        np.array([int(observation.command)]),
    )
    return np.asarray(rows[0])


def lateral_acceleration_of(
    steering: NDArray[np.floating], speed: NDArray[np.floating], car: VehicleParameters
) -> NDArray[np.float32]:
    """Lateral acceleration (N,) [m/s²] of steering angles (N,) [rad] at speeds (N,) [m/s].

    A few milliradians have a large effect at 30 m/s and none at walking speed. Learning the lateral
    acceleration weights steering by its effect.
    """
    steering_speed = np.maximum(speed, MIN_STEERING_SPEED)
    return np.asarray(np.tan(steering) * steering_speed**2 / car.wheelbase, dtype=np.float32)


def control_of(
    lateral_acceleration: float, acceleration: float, speed: float, car: VehicleParameters
) -> Control:
    """The control of a lateral and a longitudinal acceleration [m/s²], within the limits of the car."""
    steering = float(np.arctan(lateral_acceleration * car.wheelbase / max(speed, MIN_STEERING_SPEED) ** 2))
    return Control(
        steering=float(np.clip(steering, -car.max_steering, car.max_steering)),
        acceleration=float(np.clip(acceleration, car.min_acceleration, car.max_acceleration)),
    )
