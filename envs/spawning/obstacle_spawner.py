"""Places everything that lies or stands on the road: road works and fallen cargo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.geometry import extents
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray
from drive_stack.world_state import ObstacleKind, ObstacleStates

from ..occupancy import Occupancy
from ..scenarios.actors import LaneClosure
from ..scenarios.lanes import named_lane
from ..scenarios.obstacles import Cargo, ObstacleEntry
from .road_works import place_closure

SIZES = {  # length, width, height [m]
    ObstacleKind.CONE: (0.4, 0.4, 0.75),
    ObstacleKind.BARRIER: (2.0, 0.5, 0.9),
    ObstacleKind.ARROW_BOARD: (1.2, 2.0, 2.6),
    ObstacleKind.BOX: (0.8, 0.6, 0.6),
    ObstacleKind.TYRE: (0.65, 0.65, 0.22),
    ObstacleKind.LADDER: (3.0, 0.42, 0.09),
    ObstacleKind.MATTRESS: (2.0, 1.4, 0.22),
}


@dataclass(frozen=True, slots=True)
class Placement:
    """One obstacle in road coordinates."""

    kind: ObstacleKind
    station: float  # [m]
    lateral: float  # [m]
    yaw: float = 0.0  # relative to the road's direction [rad]

    @property
    def extents(self) -> tuple[float, float]:
        """Length along the road and width across it [m]."""
        length, width, _ = SIZES[self.kind]
        along, across = extents(np.asarray(length), np.asarray(width), np.asarray(self.yaw))
        return float(along), float(across)


@dataclass(frozen=True, slots=True)
class PlacedObstacles:
    """All obstacles of an episode, which never move."""

    states: ObstacleStates
    boxes: FloatArray  # (4, N) world x, y [m], length along the road and width across it [m]

    @property
    def extents(self) -> FloatArray:
        """Length along the road and width across it [m], shape (2, N)."""
        return self.boxes[2:]


def place_obstacles(
    entries: Sequence[ObstacleEntry], start: float, ego_lane: int, rng: np.random.Generator, first_id: int,
    occupancy: Occupancy,
) -> PlacedObstacles:  # fmt: skip
    """Place the obstacles of all entries and mark their places as occupied.

    Args:
        entries: Entries of the scenario; their ``at`` is measured from ``start``.
        start: Station of the ego's start [m].
        ego_lane: Index of the ego's lane.
        rng: Random generator of the obstacles.
        first_id: Actor id of the first obstacle; the others follow consecutively.
        occupancy: Occupied places of the road.

    Raises:
        ConfigError: If two closures overlap in a lane, there is no free place for an arrow board, or the
            place of a piece of cargo is occupied.
    """
    placements: list[Placement] = []
    for number, entry in enumerate(entries):
        owner = f"obstacles.{number}"
        if isinstance(entry, LaneClosure):
            placements += [
                Placement(*placed) for placed in place_closure(entry, owner, start, rng, occupancy, SIZES)
            ]
        else:
            placements.append(_place_cargo(entry, owner, start, ego_lane, rng, occupancy))
    extents = np.array([placed.extents for placed in placements], dtype=np.float64).reshape(-1, 2).T
    states = _states(placements, occupancy.road, first_id)
    return PlacedObstacles(states, np.array([states.x, states.y, *extents]))


def _place_cargo(
    cargo: Cargo, owner: str, start: float, ego_lane: int, rng: np.random.Generator, occupancy: Occupancy
) -> Placement:
    road, station = occupancy.road, start + cargo.at.draw(rng)
    lane = road.lanes[named_lane(road, cargo.lane, ego_lane, station)]
    lateral = lane.lateral_at(station) + cargo.offset.draw(rng)
    yaw = math.radians(cargo.yaw_deg.draw(rng))
    placement = Placement(ObstacleKind[cargo.what.upper()], station, lateral, yaw)
    occupancy.claim_box(station, lateral, *placement.extents, owner)
    return placement


def _states(placements: list[Placement], road: RoadMap, first_id: int) -> ObstacleStates:
    points, yaw = road.to_world(
        np.array([placed.station for placed in placements], dtype=np.float64),
        np.array([placed.lateral for placed in placements], dtype=np.float64),
    )
    sizes = np.array([SIZES[placed.kind] for placed in placements], dtype=np.float64).reshape(-1, 3)
    return ObstacleStates(
        id=np.arange(first_id, first_id + len(placements), dtype=np.int64),
        x=points[:, 0],
        y=points[:, 1],
        yaw=yaw + np.array([placed.yaw for placed in placements], dtype=np.float64),
        length=sizes[:, 0],
        width=sizes[:, 1],
        height=sizes[:, 2],
        kind=np.array([placed.kind for placed in placements], dtype=np.int64),
    )
