"""The Stanley controller: front-axle error, heading error and curvature of the path."""

from __future__ import annotations

import numpy as np

from drive_stack.bounds import Fraction, PositiveSpeed, Weight
from drive_stack.config import StrictModel
from drive_stack.control.preview import preview_path
from drive_stack.control.steering import SteeringActuator
from drive_stack.interfaces import Platform
from drive_stack.types import Plan


class StanleySettings(StrictModel):
    """Gains."""

    gain: Weight = 1.6  # cross-track gain [1/s]
    softening: PositiveSpeed = 2.0  # limits the gain at low speed [m/s]
    high_speed_fraction: Fraction = 0.4  # of the gains at high speed, against oscillation due to the lag


class Stanley:
    """A `LateralController`: Hoffmann, Tomlin, Montemerlo and Thrun 2007, with curvature feed-forward.

    δ = atan(L·κ) − ψ_e − atan(k·e / (k_s + v)), e at the front_error axle.
    """

    def __init__(self, platform: Platform, settings: StanleySettings | None = None) -> None:
        self._wheelbase = platform.car.wheelbase
        self._delay = platform.car.steering_lag + platform.dt / 2.0
        self._actuator = SteeringActuator(platform)
        self._settings = settings or StanleySettings()

    def reset(self) -> None:
        """Assume straight wheels."""
        self._actuator.reset()

    def steer(self, plan: Plan, speed: float, yaw_rate: float) -> float:
        """Road-wheel angle [rad] within the car's limits."""
        settings, wheelbase = self._settings, self._wheelbase
        path = preview_path(plan, speed, yaw_rate, self._delay, min_length=20.0)
        _, lateral, heading, kappa = path.nearest()
        front_error = lateral + wheelbase * float(np.sin(heading))
        fraction = settings.high_speed_fraction + (1.0 - settings.high_speed_fraction) * 5.0 / max(speed, 5.0)
        steering = (
            float(np.arctan(wheelbase * kappa))
            - fraction * heading
            - float(np.arctan(settings.gain * fraction * front_error / (settings.softening + speed)))
        )
        self._actuator.reached(speed, yaw_rate)
        return self._actuator.command(steering)
