"""Access to the ground truth for privileged agents, oracles and the viewer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from drive_stack.types import FloatArray, FrameLabels
from drive_stack.world_state import WorldState

from .lane_hold import hold_lane
from .world import World

FORECAST_TICK = 0.125  # physics tick of the oracle's forecasts [s]; a quarter of a second has two of them


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
        """See `forecast`; the copy is stepped in ticks of at least `FORECAST_TICK`."""
        world = self._world()
        return forecast(world, horizon, dt, tick=max(FORECAST_TICK, world.physics_dt))


def forecast(world: World, horizon: float, dt: float, *, tick: float | None = None) -> dict[int, FloatArray]:
    """Return the future poses of all actors if the ego keeps its lane and speed.

    A copy of ``world`` is stepped; contacts are ignored.

    Args:
        world: The world, which is not changed.
        horizon: Duration of the forecast [s].
        dt: Time between two poses, rounded to whole ticks [s].
        tick: Duration of a physics tick of the copy [s]; the world's if None. Longer ticks take less
            computing time and move the actors by slightly different distances.

    Returns:
        x, y [m] and yaw [rad] in the world frame at dt, 2·dt, …, horizon, shape (T, 3), by actor id. It
        holds the actors that exist until the end, without the ego.
    """
    twin = world.copy(physics_dt=tick)
    ego = twin.ego
    lane = max(twin.road.lane_at(ego.station, ego.lateral), 0)
    speed, ticks = ego.speed, max(round(dt / twin.physics_dt), 1)
    ids: list[NDArray[np.int64]] = []
    poses: list[FloatArray] = []
    for _ in range(round(horizon / dt)):
        for _ in range(ticks):
            twin.move(hold_lane(twin.ego, twin.road, lane, speed, twin.car))
        actors, present = twin.actor_poses()
        ids.append(actors)
        poses.append(present)
    return _by_actor(ids, poses)


def _by_actor(ids: Sequence[NDArray[np.int64]], poses: Sequence[FloatArray]) -> dict[int, FloatArray]:
    """Return the poses (T, 3) of the actors that occur at every instant, by ascending id.

    Args:
        ids: Actor ids (N,) at each of T instants; N may differ.
        poses: Their poses (N, 3) at the same instants.
    """
    if not ids:
        return {}
    remaining = reduce(np.intersect1d, ids)
    rows = []
    for actors, present in zip(ids, poses, strict=True):
        order = np.argsort(actors)
        rows.append(present[order[np.searchsorted(actors, remaining, sorter=order)]])
    futures = np.stack(rows, axis=1)  # (N, T, 3)
    return {int(actor): future for actor, future in zip(remaining, futures, strict=True)}
