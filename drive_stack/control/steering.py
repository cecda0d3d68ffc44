"""What the steering has reached, and what may be asked of it."""

from __future__ import annotations

import numpy as np

from drive_stack.interfaces import Platform

MEASURED_FROM = 2.0  # slower than this the yaw rate says little about the wheels [m/s]


class SteeringActuator:
    """First-order lag with limits of angle and rate, as a controller knows it.

    A command held over a step takes the share 1 − exp(−dt/τ) of its way.
    """

    def __init__(self, platform: Platform) -> None:
        car, dt = platform.car, platform.dt
        self.share = 1.0 - float(np.exp(-dt / car.steering_lag))
        self.most = car.max_steering  # [rad]
        self.most_change = car.max_steering_rate * dt  # over a step [rad]
        self._wheelbase = car.wheelbase
        self.reset()

    def reset(self) -> None:
        """Wheels straight."""
        self._reached = 0.0

    def reached(self, speed: float, yaw_rate: float) -> float:
        """Road-wheel angle [rad] by now: from the yaw rate, or where too slow for that, the lag model."""
        if speed >= MEASURED_FROM:
            self._reached = float(np.arctan(self._wheelbase * yaw_rate / speed))
        return self._reached

    def command(self, wanted: float) -> float:
        """``wanted`` [rad] within the angle and what the rate lets the wheels follow over this step.

        Beyond that the wheels would lag more than a controller's model says. To be called once a step,
        after `reached`; it moves the model on.
        """
        farthest = self.most_change / self.share
        asked = float(np.clip(wanted, self._reached - farthest, self._reached + farthest))
        asked = float(np.clip(asked, -self.most, self.most))
        if np.isfinite(asked):
            self._reached += self.share * (asked - self._reached)
        return asked
