"""The ego car: its dimensions, its limits and the normalised action."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import Control

GRAVITY = 9.81  # [m/s²]
DRY_GRIP, WET_GRIP = 8.0, 5.5  # radius of the friction circle: max horizontal acceleration of tyres [m/s²]


class Surface(StrEnum):
    """What the tyres roll on."""

    DRY = "dry"
    WET = "wet"
    STANDING_WATER = "standing_water"
    SNOW = "snow"

    @property
    def grip(self) -> float:
        """Radius of the tyres' friction circle on it, µ·g [m/s²].

        - Dry 0.82 and wet 0.56: new tyres at 90 km/h on asphalt, 0.8 and 0.6 (Bosch, Automotive Handbook,
          table of coefficients of static friction).
        - Standing water 0.40: the same table has 0.55 at 50 km/h and 0.3 at 90 km/h for water 1 mm deep.
        - Snow 0.30: 0.2 to 0.3 on packed snow (Wallman and Åström 2001, VTI meddelande 911A); 0.35 in
          braking and 0.38 in bends were measured with cars at −6 °C (Navin et al. 1996, SAE 960652).
        """
        return _GRIP[self]


_GRIP = {
    Surface.DRY: DRY_GRIP,
    Surface.WET: WET_GRIP,
    Surface.STANDING_WATER: 0.40 * GRAVITY,
    Surface.SNOW: 0.30 * GRAVITY,
}


def road_grip(*, wet: bool) -> float:
    """Max horizontal acceleration that tyres transmit on a dry or a wet road [m/s²]."""
    return WET_GRIP if wet else DRY_GRIP


@dataclass(frozen=True, slots=True)
class VehicleParameters:
    """Parameters of a mid-size car. Lengths are in m, angles in rad, times in s."""

    length: float = 4.7
    width: float = 1.85
    height: float = 1.45
    wheelbase: float = 2.8
    rear_overhang: float = 0.95  # rear axle to rear bumper
    max_steering: float = 0.5  # road-wheel angle
    max_steering_rate: float = 0.6  # [rad/s]
    steering_lag: float = 0.15  # time constant of the first-order lag
    acceleration_lag: float = 0.25
    min_acceleration: float = -8.0  # [m/s²]
    max_acceleration: float = 3.0

    @property
    def centre_ahead(self) -> float:
        """Distance of the body's centre ahead of the rear axle [m]."""
        return self.length / 2.0 - self.rear_overhang


def control_to_action(control: Control, car: VehicleParameters) -> NDArray[np.float32]:
    """Normalise a control to ``(2,)`` in [−1, 1]: steering, positive to the left, and pedals.

    Pedals: −1 is full braking, 0 coasts, +1 is full throttle; each side is scaled by its own limit.
    Non-finite values pass through; the environment handles them.
    """
    pedal_scale = car.max_acceleration if control.acceleration >= 0.0 else -car.min_acceleration
    return np.array(
        [control.steering / car.max_steering, control.acceleration / pedal_scale], dtype=np.float32
    )


def action_to_control(action: NDArray[np.float32], car: VehicleParameters) -> Control:
    """Inverse of `control_to_action`: the control of a normalised action ``(2,)``."""
    pedal = float(action[1])
    scale = car.max_acceleration if pedal >= 0.0 else -car.min_acceleration
    return Control(steering=float(action[0]) * car.max_steering, acceleration=pedal * scale)
