"""Access to the ground truth for privileged agents, oracles and the viewer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from drive_stack.types import FloatArray, FrameLabels
from drive_stack.world_state import WorldState

from .lane_hold import hold_lane
from .world import World


class Truth:
    """A `TruthSource` that reads the present world of an environment.

    Args:
        world: Returns the present world.
        labels: Renders the labels of a state.
    """

    def __init__(self, world: Callable[[], World], labels: Callable[[WorldState], FrameLabels]) -> None:
        self._world = world
        self._labels = labels

    def world_state(self) -> WorldState:
        """Return the present ground truth."""
        return self._world().state()

    def labels(self) -> FrameLabels:
        """Render and return the labels of the last observed image."""
        return self._labels(self.world_state())

    def forecast(self, horizon: float, dt: float) -> dict[int, FloatArray]:
        """See `forecast`."""
        return forecast(self._world(), horizon, dt)


def forecast(world: World, horizon: float, dt: float) -> dict[int, FloatArray]:
    """Return the future poses of all actors if the ego keeps its lane and speed.

    A copy of ``world`` is stepped; contacts are ignored.

    Args:
        world: The world, which is not changed.
        horizon: Duration of the forecast [s].
        dt: Time between two poses, rounded to whole physics ticks [s].

    Returns:
        x, y [m] and yaw [rad] in the world frame at dt, 2·dt, …, horizon, shape (T, 3), by actor id. It
        holds the actors that exist until the end, without the ego.
    """
    twin = world.copy()
    ego = twin.ego
    lane = max(twin.road.lane_at(ego.station, ego.lateral), 0)
    speed, ticks = ego.speed, max(round(dt / twin.physics_dt), 1)
    poses: list[dict[int, tuple[float, float, float]]] = []
    for _ in range(round(horizon / dt)):
        for _ in range(ticks):
            twin.move(hold_lane(twin.ego, twin.road, lane, speed, twin.car))
        poses.append(twin.actor_poses())
    if not poses:
        return {}
    remaining = set(poses[0]).intersection(*poses[1:])
    return {actor: np.array([step_poses[actor] for step_poses in poses]) for actor in sorted(remaining)}
