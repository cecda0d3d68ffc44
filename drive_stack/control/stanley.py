"""Stanley's law: front-axle error, heading error and the path's curvature."""

from __future__ import annotations

import numpy as np

from drive_stack.config import StrictModel
from drive_stack.control.preview import previewed
from drive_stack.types import Plan
from drive_stack.vehicle import VehicleParameters


class StanleySettings(StrictModel):
    """Gains."""

    gain: float = 1.6  # cross-track gain [1/s]
    softening: float = 2.0  # keeps the gain bounded when slow [m/s]
    delay: float = 0.2  # steering lag and half a step [s]
    front_share: float = 0.4  # heading error at speed is worth less: the lag would make it swing


class Stanley:
    """Hoffmann, Tomlin, Montemerlo and Thrun 2007, with curvature feed-forward.

    δ = atan(L·κ) − ψ_e − atan(k·e / (k_s + v)), e at the front axle.
    """

    def __init__(self, car: VehicleParameters, settings: StanleySettings | None = None) -> None:
        self._car = car
        self._settings = settings or StanleySettings()

    def reset(self) -> None:
        """Nothing is remembered."""

    def steer(self, plan: Plan, speed: float, yaw_rate: float) -> float:
        """Road-wheel angle [rad] within the car's limit."""
        settings, wheelbase = self._settings, self._car.wheelbase
        path = previewed(plan, speed, yaw_rate, settings.delay, reach=20.0)
        _, lateral, heading, kappa = path.nearest()
        front = lateral + wheelbase * float(np.sin(heading))
        share = settings.front_share + (1.0 - settings.front_share) * 5.0 / max(speed, 5.0)
        steering = (
            float(np.arctan(wheelbase * kappa))
            - share * heading
            - float(np.arctan(settings.gain * share * front / (settings.softening + speed)))
        )
        return float(np.clip(steering, -self._car.max_steering, self._car.max_steering))
