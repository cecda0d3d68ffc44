"""Model predictive steering: optimal commands for the next two seconds, of which the first is executed."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from drive_stack.bounds import Weight
from drive_stack.config import StrictModel
from drive_stack.control.lqr import Lqr
from drive_stack.control.mpc_model import BicycleModel, bicycle_model
from drive_stack.control.mpc_problem import SteeringProblem, Weights
from drive_stack.control.preview import preview_path
from drive_stack.control.steering import SteeringActuator
from drive_stack.interfaces import Platform
from drive_stack.types import Plan

MIN_JERK_SPEED = 5.0  # at lower speeds, wheel motion has the cost at this speed [m/s]


class MpcSettings(StrictModel):
    """Weights of the quadratic cost, horizon and iterations."""

    lateral: Weight = 1.0  # [1/m²]
    lateral_speed: Weight = 0.16  # of the lateral speed relative to the path [1/(m/s)²]
    jerk: Weight = 0.002  # of the lateral jerk due to wheel motion [1/(m/s³)²]
    terminal: Weight = 5.0  # factor on the errors at the last instant
    steps: Annotated[int, Field(ge=2, le=100)] = 20  # of the horizon
    iterations: Annotated[int, Field(ge=1, le=10_000)] = 80  # of the solver, a fixed number


class Mpc:
    """A `LateralController`: a linear time-varying bicycle model with steering lag, angle and rate limits.

    Where the quadratic programme has no solution, the LQR steers and `diagnostic` reports it.
    """

    def __init__(self, platform: Platform, settings: MpcSettings | None = None) -> None:
        self._platform = platform
        self._settings = settings or MpcSettings()
        self._actuator = SteeringActuator(platform)
        max_lead = self._actuator.max_change / self._actuator.step_response
        self._problem = SteeringProblem(
            self._settings.steps, self._actuator.max_angle, max_lead, self._settings.iterations
        )
        self._fallback = Lqr(platform)
        self._diagnostic: str | None = None

    @property
    def diagnostic(self) -> str | None:
        """Description of the problem in the last step; None where there was none."""
        return self._diagnostic

    def reset(self) -> None:
        """Discard the last solution; assume straight wheels."""
        self._actuator.reset()
        self._problem.reset()
        self._diagnostic = None

    def steer(self, plan: Plan, speed: float, yaw_rate: float) -> float:
        """Road-wheel angle [rad] within the car's limits."""
        reached = self._actuator.reached(speed, yaw_rate)
        path = preview_path(plan, speed, yaw_rate, delay=0.0, min_length=20.0)
        wheels = float(np.clip(reached, -self._actuator.max_angle, self._actuator.max_angle))
        model = bicycle_model(plan, path, speed, wheels, self._platform, self._settings.steps)
        commands = self._problem.solve(model, self._weights(model))
        self._diagnostic = None if commands is not None else "MPC: no solution found, steered by LQR"
        desired = (
            self._fallback.control_law(plan, speed, yaw_rate, reached) if commands is None else commands[0]
        )
        return self._actuator.command(float(desired))

    def _weights(self, model: BicycleModel) -> Weights:
        settings, car = self._settings, self._platform.car
        ends = np.ones(settings.steps)
        ends[-1] = settings.terminal
        # lateral jerk due to wheel motion: v²/L · (u − δ)/τ
        jerk = np.maximum(model.speed, MIN_JERK_SPEED) ** 2 / (car.wheelbase * car.steering_lag)
        return Weights(
            lateral=settings.lateral * ends,
            heading=settings.lateral_speed * model.speed**2 * ends,
            move=settings.jerk * jerk**2,
        )
