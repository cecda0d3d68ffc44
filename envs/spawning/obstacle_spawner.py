"""Places everything that lies or stands on the road: road works, fallen cargo and solids of random form."""

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
from ..scenarios.lanes import place_lateral
from ..scenarios.obstacles import Cargo, ObstacleEntry, Solid
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
_MIN_SIDE, _MIN_RELATIVE_SIDE = 0.1, 0.15  # of a solid [m], and in relation to its longest side
_FORMS = 2**31  # number of different forms of solids


@dataclass(frozen=True, slots=True)
class Placement:
    """One obstacle in road coordinates."""

    kind: ObstacleKind
    station: float  # [m]
    lateral: float  # [m]
    size: tuple[float, float, float]  # length, width, height [m]
    yaw: float = 0.0  # relative to the road's direction [rad]
    form: int = 0  # seed of a solid's form and colours

    @property
    def extents(self) -> tuple[float, float]:
        """Length along the road and width across it [m]."""
        length, width, _ = self.size
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
            place of a piece of cargo or of a solid is occupied.
    """
    placements: list[Placement] = []
    for number, entry in enumerate(entries):
        owner = f"obstacles.{number}"
        if isinstance(entry, LaneClosure):
            placements += [
                Placement(kind, station, lateral, SIZES[kind])
                for kind, station, lateral in place_closure(entry, owner, start, rng, occupancy, SIZES)
            ]
            continue
        station = start + entry.at.draw(rng)
        if isinstance(entry, Cargo):
            placed = _draw_cargo(entry, station, ego_lane, rng, occupancy.road)
        else:
            placed = _draw_solid(entry, station, ego_lane, rng, occupancy.road)
        occupancy.claim_box(placed.station, placed.lateral, *placed.extents, owner)
        placements.append(placed)
    extents = np.array([placed.extents for placed in placements], dtype=np.float64).reshape(-1, 2).T
    states = _states(placements, occupancy.road, first_id)
    return PlacedObstacles(states, np.array([states.x, states.y, *extents]))


def _draw_cargo(
    cargo: Cargo, station: float, ego_lane: int, rng: np.random.Generator, road: RoadMap
) -> Placement:
    lateral = place_lateral(road, "lane", cargo.lane, ego_lane, station) + cargo.offset.draw(rng)
    kind, yaw = ObstacleKind[cargo.what.upper()], math.radians(cargo.yaw_deg.draw(rng))
    return Placement(kind, station, lateral, SIZES[kind], yaw)


def _draw_solid(
    solid: Solid, station: float, ego_lane: int, rng: np.random.Generator, road: RoadMap
) -> Placement:
    lateral = place_lateral(road, solid.place, solid.lane, ego_lane, station) + solid.offset.draw(rng)
    yaw = math.radians(solid.yaw_deg.draw(rng))
    relative = rng.uniform(_MIN_RELATIVE_SIDE, 1.0, 3)
    relative[rng.integers(3)] = 1.0
    length, width, height = np.maximum(solid.size.draw(rng) * relative, _MIN_SIDE).tolist()
    return Placement(
        ObstacleKind.SOLID, station, lateral, (length, width, height), yaw, int(rng.integers(_FORMS))
    )


def _states(placements: list[Placement], road: RoadMap, first_id: int) -> ObstacleStates:
    points, yaw = road.to_world(
        np.array([placed.station for placed in placements], dtype=np.float64),
        np.array([placed.lateral for placed in placements], dtype=np.float64),
    )
    sizes = np.array([placed.size for placed in placements], dtype=np.float64).reshape(-1, 3)
    return ObstacleStates(
        id=np.arange(first_id, first_id + len(placements), dtype=np.int64),
        x=points[:, 0],
        y=points[:, 1],
        yaw=yaw + np.array([placed.yaw for placed in placements], dtype=np.float64),
        length=sizes[:, 0],
        width=sizes[:, 1],
        height=sizes[:, 2],
        kind=np.array([placed.kind for placed in placements], dtype=np.int64),
        form=np.array([placed.form for placed in placements], dtype=np.int64),
    )
