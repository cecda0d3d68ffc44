"""The reward of the environment: progress along the route, and a penalty for a failed episode."""

from __future__ import annotations

FAILURE_REWARD = -10.0


def step_reward(progress: float, speed_limit: float, dt: float, outcome: str | None) -> float:
    """Return the progress of a step relative to the speed limit, 0 to 1, or −10 for a failed episode.

    Standing still and driving backwards give 0.

    Args:
        progress: Distance covered along the route in this step [m].
        speed_limit: Speed limit at the start of the step [m/s].
        dt: Duration of the step [s].
        outcome: Outcome of the episode if it ended in this step, else None.
    """
    if outcome in ("collision", "off_road", "stuck"):
        return FAILURE_REWARD
    return min(max(progress / (speed_limit * dt), 0.0), 1.0)
