"""The reader of the truth that privileged agents, oracles and the viewer are handed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from drive_stack.types import FloatArray, FrameLabels
from drive_stack.world_state import WorldState
from envs.lane_hold import hold_lane
from envs.world import World


class Truth:
    """A `TruthSource` over the world that an environment holds at present."""

    def __init__(self, world: Callable[[], World], labels: Callable[[WorldState], FrameLabels]) -> None:
        self._world = world
        self._labels = labels

    def world_state(self) -> WorldState:
        """The truth at this instant."""
        return self._world().state()

    def labels(self) -> FrameLabels:
        """Labels of the frame that was last observed; rendered when asked for."""
        return self._labels(self.world_state())

    def forecast(self, horizon: float, dt: float) -> dict[int, FloatArray]:
        """See `forecast`."""
        return forecast(self._world(), horizon, dt)


def forecast(world: World, horizon: float, dt: float) -> dict[int, FloatArray]:
    """Actor id → ``(T, 3)`` future x, y, yaw [m, m, rad] in the world frame at dt, 2·dt, …, horizon.

    From a copy of ``world`` stepped on with the ego holding its speed and lane, contacts ignored.
    Only actors that are there to the end are listed; the ego is not. ``dt`` is rounded to whole
    physics ticks.
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
    lasting = set(poses[0]).intersection(*poses[1:])
    return {actor: np.array([moment[actor] for moment in poses]) for actor in sorted(lasting)}
