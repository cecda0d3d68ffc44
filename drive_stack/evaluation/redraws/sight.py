"""From when on a careful driver can see a road user, as far as weather and hills decide it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drive_stack.world_state import WorldState

EYE_HEIGHT = 1.0  # of the driver above the road, as the German guideline RAA has it [m]
_LINE_STEP = 2.0  # between the points of a line of sight [m]


def since_in_sight(records: Sequence[WorldState], actor: int) -> Sequence[WorldState]:
    """The last records throughout which ``actor`` is in sight; empty where it is not in the last one."""
    hidden = [number for number, state in enumerate(records) if not is_in_sight(state, actor)]
    return records[hidden[-1] + 1 :] if hidden else records


def is_in_sight(state: WorldState, actor: int) -> bool:
    """Whether ``actor`` is near enough to be recognised in this weather, and no crest hides it.

    Other road users may hide it too; `evaluate_avoidability` considers that. Darkness is not considered.

    Raises:
        ValueError: there is no such actor.
    """
    ego, (station, x, y, height) = state.ego, _place(state, actor)
    distance = float(np.hypot(x - ego.x, y - ego.y))
    if distance > state.conditions.recognition_distance:
        return False
    profile = state.road.profile
    if profile.is_level:
        return True
    stations = np.arange(ego.station, station, _LINE_STEP)
    if len(stations) < 2:
        return True
    start, end = profile.height_at(np.array([ego.station, station])) + np.array([EYE_HEIGHT, height])
    line = start + (end - start) * (stations - ego.station) / (station - ego.station)
    return bool((profile.height_at(stations) <= line).all())


def _place(state: WorldState, actor: int) -> tuple[float, float, float, float]:
    """Station, x, y and height of an actor [m]."""
    for group in (state.vehicles, state.pedestrians, state.obstacles):
        for row in np.flatnonzero(group.id == actor):
            x, y = float(group.x[row]), float(group.y[row])
            return state.road.to_road(x, y, state.ego.station)[0], x, y, float(group.height[row])
    raise ValueError(f"no actor {actor}")
