"""LQR steering along the planned path, with the steering lag in its model."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field
from scipy.linalg import solve_discrete_are

from drive_stack.config import StrictModel
from drive_stack.control.preview import preview_path
from drive_stack.control.steering import SteeringActuator
from drive_stack.interfaces import Platform
from drive_stack.types import FloatArray, Plan

# outside these ranges the Riccati equation is too ill-conditioned at some speeds
StateWeight = Annotated[float, Field(ge=0.01, le=1000.0)]
InputWeight = Annotated[float, Field(ge=1.0, le=1e5)]
ReferenceSpeed = Annotated[float, Field(ge=1.0, le=60.0)]  # [m/s]


class LqrSettings(StrictModel):
    """Weights of the quadratic cost."""

    lateral: StateWeight = 1.0  # [1/m²]
    heading: StateWeight = 4.0  # [1/rad²]
    steering: InputWeight = 600.0  # [1/rad²] at the reference speed; grows with speed squared
    reference_speed: ReferenceSpeed = 10.0  # [m/s]


def lqr_gain(speed: float, platform: Platform, settings: LqrSettings) -> FloatArray:
    """Gain ``(3,)`` on (lateral error, heading error, steering beyond feed-forward).

    Kinematic bicycle linearised about the path: ė = v·ψ, ψ̇ = v/L·δ, δ̇ = (u − δ)/τ, Euler steps.
    """
    car, dt = platform.car, platform.dt
    lag = float(np.exp(-dt / car.steering_lag))
    a = np.array([[1.0, speed * dt, 0.0], [0.0, 1.0, speed * dt / car.wheelbase], [0.0, 0.0, lag]])
    b = np.array([[0.0], [0.0], [1.0 - lag]])
    weight = settings.steering * max(speed / settings.reference_speed, 0.3) ** 2
    q, r = np.diag([settings.lateral, settings.heading, 0.0]), np.array([[weight]])
    p = solve_discrete_are(a, b, q, r)
    return np.asarray(np.linalg.solve(r + b.T @ p @ b, b.T @ p @ a)[0], dtype=np.float64)


class Lqr:
    """A `LateralController`: feed-forward atan(L·κ) plus optimal feedback, with gains tabulated by speed."""

    def __init__(self, platform: Platform, settings: LqrSettings | None = None) -> None:
        self._car, self._dt = platform.car, platform.dt
        self._actuator = SteeringActuator(platform)
        self._speeds = np.arange(1.0, 61.0, 1.0)
        self._gains = np.array(
            [lqr_gain(float(v), platform, settings or LqrSettings()) for v in self._speeds]
        )

    def reset(self) -> None:
        """Assume straight wheels."""
        self._actuator.reset()

    def steer(self, plan: Plan, speed: float, yaw_rate: float) -> float:
        """Road-wheel angle [rad] within the car's limits."""
        reached = self._actuator.reached(speed, yaw_rate)
        return self._actuator.command(self.control_law(plan, speed, yaw_rate, reached))

    def control_law(self, plan: Plan, speed: float, yaw_rate: float, reached: float) -> float:
        """Desired road-wheel angle [rad] without limits, for wheels at the angle ``reached`` [rad]."""
        path = preview_path(plan, speed, yaw_rate, self._dt / 2.0, min_length=20.0)
        arc, lateral, heading, kappa = path.nearest()
        ahead = path.curvature_at(arc + speed * self._car.steering_lag)
        wheelbase = self._car.wheelbase
        state = np.array([lateral, heading, reached - float(np.arctan(wheelbase * kappa))])
        gain = [float(np.interp(speed, self._speeds, self._gains[:, i])) for i in range(3)]
        return float(np.arctan(wheelbase * ahead)) - float(state @ np.array(gain))
