"""Places road works as obstacles: a taper of cones, an arrow board, then barriers along a closed lane."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from drive_stack.world_state import ObstacleKind

from ..occupancy import ClosedLane, Occupancy
from ..scenarios.actors import LaneClosure
from ..scenarios.lanes import named_lane

_INSET = 0.6  # of the last cones and the barriers from the closed lane's inner edge [m]
_BARRIER_SPACING = 4.0  # [m]

Placement = tuple[ObstacleKind, float, float]  # kind, station [m], lateral [m]


def place_closure(
    closure: LaneClosure, owner: str, start: float, rng: np.random.Generator, occupancy: Occupancy,
    sizes: Mapping[ObstacleKind, tuple[float, float, float]],
) -> list[Placement]:  # fmt: skip
    """Place the obstacles of a lane closure and mark their places as occupied.

    An arrow board whose place is occupied moves to the first free place farther along the road. Cones and
    barriers whose places are occupied are omitted.

    Args:
        closure: The closure; its ``at`` is measured from ``start``.
        owner: Its entry of the scenario file, such as ``obstacles.0``.
        start: Station of the ego's start [m].
        rng: Random generator of the obstacles.
        occupancy: Occupied places of the road.
        sizes: Length, width and height of each kind [m].

    Raises:
        ConfigError: If two closures overlap in a lane, or there is no free place for an arrow board.
    """
    placements: list[Placement] = []
    for kind, station, lateral in _draw_closure(closure, owner, start, rng, occupancy):
        length, width, _ = sizes[kind]
        if kind is ObstacleKind.ARROW_BOARD:
            station = occupancy.free_box_station(station, lateral, length, width)  # noqa: PLW2901
        if occupancy.is_box_free(station, lateral, length, width):
            occupancy.add_box(station, lateral, length, width, owner)
            placements.append((kind, station, lateral))
    return placements


def _draw_closure(
    closure: LaneClosure, owner: str, start: float, rng: np.random.Generator, occupancy: Occupancy
) -> list[Placement]:
    road = occupancy.road
    at = start + closure.at.draw(rng)
    taper, length, spacing = (
        quantity.draw(rng) for quantity in (closure.taper, closure.length, closure.spacing)
    )
    index = named_lane(road, closure.lane, -1, at)
    lane = road.lanes[index]
    inwards = -1.0 if closure.lane == "leftmost" else 1.0  # lateral direction of the open lanes
    half = lane.width / 2.0
    inner = half - _INSET
    edges = lane.offset - inner, lane.offset + inner
    occupancy.close_lane(ClosedLane(owner, index, at, at + taper, at + taper + length, *edges))
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
