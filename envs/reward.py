"""The environment's reward: progress along the route, and a price for ending badly."""

from __future__ import annotations

FAILURE = -10.0


def step_reward(progress: float, speed_limit: float, dt: float, outcome: str | None) -> float:
    """Distance made good over what the limit allows in the step (at most 1), −10 for a bad end.

    ``progress`` along the route [m], ``speed_limit`` [m/s], ``dt`` [s]. Standing and reversing earn
    nothing.
    """
    if outcome in ("collision", "off_road", "stuck"):
        return FAILURE
    return min(max(progress / (speed_limit * dt), 0.0), 1.0)
