"""The car beside its path over the next seconds: a linear time-varying kinematic bicycle with lag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.control.preview import PlannedPath
from drive_stack.interfaces import Platform
from drive_stack.types import FloatArray, Plan

SLOWEST = 1.0  # speed below which steering is planned as at this [m/s]


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
    """The model about ``path``, driven at the plan's speeds; ``wheels`` is the angle reached [rad].

    ė = v·ψ, ψ̇ = v·(tan δ / L − κ), δ̇ = (u − δ)/τ, tan linearised about the path's own angle and the
    whole integrated exactly for a command held over each step (Snider 2009, section 4, with the lag).
    """
    car, dt = platform.car, platform.dt
    instants = np.arange(steps + 1) * dt
    speeds = np.interp((instants[:-1] + instants[1:]) / 2.0, plan.times, plan.speeds)
    speeds = np.maximum(speeds + (speed - float(plan.speeds[0])), SLOWEST)
    arc, lateral, heading, _ = path.nearest()
    arcs = arc + np.concatenate([[0.0], np.cumsum(speeds) * dt])
    most = np.tan(car.max_steering)
    slopes = np.clip(car.wheelbase * np.interp(arcs, path.arc, path.curvature), -most, most)
    middle = np.arctan((slopes[:-1] + slopes[1:]) / 2.0)
    a, b, c = _transitions(speeds, middle, platform)
    return BicycleModel(a, b, c, np.array([lateral, heading, wheels]), speeds)


def _transitions(
    speeds: FloatArray, middle: FloatArray, platform: Platform
) -> tuple[FloatArray, FloatArray, FloatArray]:
    lag, dt = platform.car.steering_lag, platform.dt
    kept = float(np.exp(-dt / lag))
    once = lag * (1.0 - kept)  # ∫ of what is left of a deviation, over a step [s]
    twice = lag * dt - lag * once  # ∫∫ of it [s²]
    turn = speeds / (platform.car.wheelbase * np.cos(middle) ** 2)  # dψ̇/dδ [1/s]
    steps = len(speeds)
    a = np.zeros((steps, 3, 3))
    a[:, 0, 0] = a[:, 1, 1] = 1.0
    a[:, 2, 2] = kept
    a[:, 0, 1] = speeds * dt
    a[:, 0, 2], a[:, 1, 2] = speeds * turn * twice, turn * once
    b = np.zeros((steps, 3))
    b[:, 0], b[:, 1], b[:, 2] = speeds * turn * (0.5 * dt**2 - twice), turn * (dt - once), 1.0 - kept
    c = np.zeros((steps, 3))
    c[:, 0], c[:, 1] = -speeds * turn * 0.5 * dt**2 * middle, -turn * dt * middle
    return a, b, c
