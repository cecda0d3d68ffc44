"""Model of the steering actuator: the angle that it has reached, and the commands that it can follow."""

from __future__ import annotations

import numpy as np

from drive_stack.interfaces import Platform

MEASURED_FROM = 2.0  # minimum speed at which the yaw rate determines the wheel angle [m/s]


class SteeringActuator:
    """First-order lag with limits of angle and rate, as a controller models it.

    During a step with a constant command the wheels move by the fraction 1 − exp(−dt/τ) of the difference.
    """

    def __init__(self, platform: Platform) -> None:
        car, dt = platform.car, platform.dt
        self.step_response = 1.0 - float(np.exp(-dt / car.steering_lag))
        self.max_angle = car.max_steering  # [rad]
        self.max_change = car.max_steering_rate * dt  # over a step [rad]
        self._wheelbase = car.wheelbase
        self.reset()

    def reset(self) -> None:
        """Assume straight wheels."""
        self._reached = 0.0

    def reached(self, speed: float, yaw_rate: float) -> float:
        """Present road-wheel angle [rad], from the yaw rate or, at low speed, from the lag model."""
        if speed >= MEASURED_FROM:
            self._reached = float(np.arctan(self._wheelbase * yaw_rate / speed))
        return self._reached

    def command(self, desired: float) -> float:
        """Limit ``desired`` [rad] to the maximum angle and to what the wheels can follow in this step.

        Beyond that the wheels would lag more than in the model of the controller. Call this once a step,
        after `reached`; it updates the model.
        """
        max_lead = self.max_change / self.step_response
        command = float(np.clip(desired, self._reached - max_lead, self._reached + max_lead))
        command = float(np.clip(command, -self.max_angle, self.max_angle))
        if np.isfinite(command):
            self._reached += self.step_response * (command - self._reached)
        return command
