"""Prediction model of the MPC: a linear time-varying kinematic bicycle with steering lag along a path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.control.preview import PlannedPath
from drive_stack.interfaces import Platform
from drive_stack.types import FloatArray, Plan

MIN_SPEED = 1.0  # at lower speeds, the model is that at this speed [m/s]


@dataclass(frozen=True, slots=True)
class BicycleModel:
    """x⁺ = A·x + B·u + c over ``N`` steps, x = (lateral error [m], heading error [rad], wheels [rad])."""

    a: FloatArray  # (N, 3, 3)
    b: FloatArray  # (N, 3)
    c: FloatArray  # (N, 3)
    start: FloatArray  # (3,) state now
    speed: FloatArray  # (N,) in each step [m/s]


def bicycle_model(
    plan: Plan, path: PlannedPath, speed: float, wheels: float, platform: Platform, steps: int
) -> BicycleModel:
    """The model along ``path`` at the speeds of the plan; ``wheels`` is the present wheel angle [rad].

    ė = v·ψ, ψ̇ = v·(tan δ / L − κ), δ̇ = (u − δ)/τ. The tangent is linearised at the steering angle of the
    path. The equations are integrated exactly for a constant command in each step (Snider 2009, section 4,
    with the lag).
    """
    car, dt = platform.car, platform.dt
    instants = np.arange(steps + 1) * dt
    speeds = np.interp((instants[:-1] + instants[1:]) / 2.0, plan.times, plan.speeds)
    speeds = np.maximum(speeds + (speed - float(plan.speeds[0])), MIN_SPEED)
    arc, lateral, heading, _ = path.nearest()
    arcs = arc + np.concatenate([[0.0], np.cumsum(speeds) * dt])
    max_slope = np.tan(car.max_steering)
    slopes = np.clip(car.wheelbase * np.interp(arcs, path.arc, path.curvature), -max_slope, max_slope)
    linearisation = np.arctan((slopes[:-1] + slopes[1:]) / 2.0)
    a, b, c = _transitions(speeds, linearisation, platform)
    return BicycleModel(a, b, c, np.array([lateral, heading, wheels]), speeds)


def _transitions(
    speeds: FloatArray, linearisation: FloatArray, platform: Platform
) -> tuple[FloatArray, FloatArray, FloatArray]:
    lag, dt = platform.car.steering_lag, platform.dt
    remaining = float(np.exp(-dt / lag))
    integral = lag * (1.0 - remaining)  # ∫ of the remaining fraction of a deviation over a step [s]
    double_integral = lag * dt - lag * integral  # ∫∫ of the same [s²]
    turn = speeds / (platform.car.wheelbase * np.cos(linearisation) ** 2)  # dψ̇/dδ [1/s]
    steps = len(speeds)
    a = np.zeros((steps, 3, 3))
    a[:, 0, 0] = a[:, 1, 1] = 1.0
    a[:, 2, 2] = remaining
    a[:, 0, 1] = speeds * dt
    a[:, 0, 2], a[:, 1, 2] = speeds * turn * double_integral, turn * integral
    b = np.zeros((steps, 3))
    b[:, 0], b[:, 1], b[:, 2] = (
        speeds * turn * (0.5 * dt**2 - double_integral),
        turn * (dt - integral),
        1.0 - remaining,
    )
    c = np.zeros((steps, 3))
    c[:, 0], c[:, 1] = -speeds * turn * 0.5 * dt**2 * linearisation, -turn * dt * linearisation
    return a, b, c
