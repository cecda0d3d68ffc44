"""Model predictive steering: the best commands for the next two seconds, the first of them given."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from drive_stack.bounds import Weight
from drive_stack.config import StrictModel
from drive_stack.control.lqr import Lqr
from drive_stack.control.mpc_model import BicycleModel, bicycle_model
from drive_stack.control.mpc_problem import SteeringProblem, Weights
from drive_stack.control.preview import previewed
from drive_stack.control.steering import SteeringActuator
from drive_stack.interfaces import Platform
from drive_stack.types import Plan

SLOWEST_JERK = 5.0  # slower than this, turning the wheel costs as at this [m/s]


class MpcSettings(StrictModel):
    """Weights of the quadratic cost, and how far and how long it looks."""

    lateral: Weight = 1.0  # [1/m²]
    sideways: Weight = 0.16  # of the speed across the path [1/(m/s)²]
    jerk: Weight = 0.002  # of the lateral jerk that turning the wheels makes [1/(m/s³)²]
    terminal: Weight = 5.0  # the last instant's errors weigh this much more
    steps: Annotated[int, Field(ge=2, le=100)] = 20
    iterations: Annotated[int, Field(ge=1, le=10_000)] = 80  # of the solver, always


class Mpc:
    """Linear time-varying bicycle about the plan, steering lag and limits of angle and rate included.

    Where the programme has no solution it steers by the LQR law, and says so in `diagnostic`.
    """

    def __init__(self, platform: Platform, settings: MpcSettings | None = None) -> None:
        self._platform = platform
        self._settings = settings or MpcSettings()
        self._actuator = SteeringActuator(platform)
        farthest = self._actuator.most_change / self._actuator.share
        self._problem = SteeringProblem(
            self._settings.steps, self._actuator.most, farthest, self._settings.iterations
        )
        self._fallback = Lqr(platform)
        self._diagnostic: str | None = None

    @property
    def diagnostic(self) -> str | None:
        """What went wrong in the last step."""
        return self._diagnostic

    def reset(self) -> None:
        """Forget the last answer; wheels straight."""
        self._actuator.reset()
        self._problem.reset()
        self._diagnostic = None

    def steer(self, plan: Plan, speed: float, yaw_rate: float) -> float:
        """Road-wheel angle [rad] within the car's limits."""
        reached = self._actuator.reached(speed, yaw_rate)
        path = previewed(plan, speed, yaw_rate, delay=0.0, reach=20.0)
        wheels = float(np.clip(reached, -self._actuator.most, self._actuator.most))
        model = bicycle_model(plan, path, speed, wheels, self._platform, self._settings.steps)
        commands = self._problem.solve(model, self._weights(model))
        self._diagnostic = None if commands is not None else "MPC: no solution found, steered by LQR"
        wanted = self._fallback.law(plan, speed, yaw_rate, reached) if commands is None else commands[0]
        return self._actuator.command(float(wanted))

    def _weights(self, model: BicycleModel) -> Weights:
        settings, car = self._settings, self._platform.car
        ends = np.ones(settings.steps)
        ends[-1] = settings.terminal
        # lateral jerk of turning the wheels: v²/L · (u − δ)/τ
        jerk = np.maximum(model.speed, SLOWEST_JERK) ** 2 / (car.wheelbase * car.steering_lag)
        return Weights(
            lateral=settings.lateral * ends,
            heading=settings.sideways * model.speed**2 * ends,
            move=settings.jerk * jerk**2,
        )
