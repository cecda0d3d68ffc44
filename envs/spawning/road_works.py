"""Places road works as obstacles: a taper of cones, an arrow board, then barriers along a closed lane."""

from __future__ import annotations

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.world_state import ObstacleKind, ObstacleStates

from ..occupancy import ClosedLane, Occupancy
from ..scenarios.actors import LaneClosure
from ..scenarios.lanes import named_lane

SIZES = {  # length, width, height [m]
    ObstacleKind.CONE: (0.4, 0.4, 0.75),
    ObstacleKind.BARRIER: (2.0, 0.5, 0.9),
    ObstacleKind.ARROW_BOARD: (1.2, 2.0, 2.6),
}
_INSET = 0.6  # of the last cones and the barriers from the closed lane's inner edge [m]
_BARRIER_SPACING = 4.0  # [m]

Placement = tuple[ObstacleKind, float, float]  # kind, station [m], lateral [m]


def place_closures(
    closures: tuple[LaneClosure, ...], start: float, rng: np.random.Generator, first_id: int,
    occupancy: Occupancy,
) -> ObstacleStates:  # fmt: skip
    """Place the obstacles of all lane closures and mark their placements as occupied.

    An arrow board whose place is occupied moves to the first free place farther along the road. Cones and
    barriers whose placements are occupied are omitted.

    Args:
        closures: Lane closures of the scenario; their ``at`` is measured from ``start``.
        start: Station of the ego's start [m].
        rng: Random generator of the obstacles.
        first_id: Actor id of the first obstacle; the others follow consecutively.
        occupancy: Occupied placements of the road.

    Raises:
        ConfigError: If two closures overlap in a lane, or there is no free place for an arrow board.
    """
    placements: list[Placement] = []
    for number, closure in enumerate(closures):
        owner = f"obstacles.{number}"
        for kind, station, lateral in _draw_closure(closure, owner, start, rng, occupancy):
            length, width, _ = SIZES[kind]
            if kind is ObstacleKind.ARROW_BOARD:
                station = occupancy.free_box_station(station, lateral, length, width)  # noqa: PLW2901
            if occupancy.is_box_free(station, lateral, length, width):
                occupancy.add_box(station, lateral, length, width, owner)
                placements.append((kind, station, lateral))
    return _states(placements, occupancy.road, first_id)


def _states(placements: list[Placement], road: RoadMap, first_id: int) -> ObstacleStates:
    kinds = [kind for kind, _, _ in placements]
    points, yaw = road.to_world(
        np.array([station for _, station, _ in placements], dtype=np.float64),
        np.array([lateral for _, _, lateral in placements], dtype=np.float64),
    )
    sizes = np.array([SIZES[kind] for kind in kinds], dtype=np.float64).reshape(-1, 3)
    return ObstacleStates(
        id=np.arange(first_id, first_id + len(placements), dtype=np.int64),
        x=points[:, 0],
        y=points[:, 1],
        yaw=yaw,
        length=sizes[:, 0],
        width=sizes[:, 1],
        height=sizes[:, 2],
        kind=np.array(kinds, dtype=np.int64),
    )


def _draw_closure(
    closure: LaneClosure, owner: str, start: float, rng: np.random.Generator, occupancy: Occupancy
) -> list[Placement]:
    road = occupancy.road
    at = start + closure.at.draw(rng)
    taper, length, spacing = (
        quantity.draw(rng) for quantity in (closure.taper, closure.length, closure.spacing)
    )
    lane = road.lanes[named_lane(road, closure.lane, -1, at)]
    inwards = -1.0 if closure.lane == "leftmost" else 1.0  # lateral direction of the open lanes
    half = lane.width / 2.0
    inner = half - _INSET
    occupancy.close_lane(ClosedLane(owner, at, at + taper + length, lane.offset - inner, lane.offset + inner))
    placements: list[Placement] = []
    for distance in np.arange(0.0, taper + 0.1, spacing):
        offset = -half + (2.0 * half - _INSET) * float(distance) / taper
        station = at + float(distance)
        placements.append((ObstacleKind.CONE, station, lane.lateral_at(station) + inwards * offset))
    board = at + taper * 0.75
    placements.append((ObstacleKind.ARROW_BOARD, board, lane.lateral_at(board) - inwards * (half - 1.2)))
    for distance in np.arange(_BARRIER_SPACING, length, _BARRIER_SPACING):
        station = at + taper + float(distance)
        placements.append(
            (ObstacleKind.BARRIER, station, lane.lateral_at(station) + inwards * (half - _INSET))
        )
    return placements
