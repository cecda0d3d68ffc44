"""Road works as obstacles: an arrow board, a taper of cones, then barriers along a closed lane."""

from __future__ import annotations

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.world_state import ObstacleKind, ObstacleStates
from envs.occupancy import ClosedLane, Occupancy
from envs.scenarios.actors import LaneClosure
from envs.scenarios.lanes import named_lane

SIZES = {  # length, width, height [m]
    ObstacleKind.CONE: (0.4, 0.4, 0.75),
    ObstacleKind.BARRIER: (2.0, 0.5, 0.9),
    ObstacleKind.ARROW_BOARD: (1.2, 2.0, 2.6),
}
_INSIDE = 0.6  # the last cones and the barriers stand this far inside the closed lane [m]
_BARRIER_SPACING = 4.0  # [m]

Place = tuple[ObstacleKind, float, float]  # kind, station, lateral


def place_closures(
    closures: tuple[LaneClosure, ...], start: float, rng: np.random.Generator, first_id: int,
    occupancy: Occupancy,
) -> ObstacleStates:  # fmt: skip
    """Everything that the closures put on the road; `at` counts from station ``start`` [m].

    A board stands at the first free place behind its own; cones and barriers whose place is taken are
    left out. Raises `ConfigError` where two closures meet in a lane.
    """
    places: list[Place] = []
    for number, closure in enumerate(closures):
        owner = f"obstacles.{number}"
        for kind, station, lateral in _closure(closure, owner, start, rng, occupancy):
            length, width, _ = SIZES[kind]
            place = station
            if kind is ObstacleKind.ARROW_BOARD:
                place = occupancy.free_box_station(station, lateral, length, width)
            if occupancy.box_is_free(place, lateral, length, width):
                occupancy.add_box(place, lateral, length, width, owner)
                places.append((kind, place, lateral))
    return _states(places, occupancy.road, first_id)


def _states(places: list[Place], road: RoadMap, first_id: int) -> ObstacleStates:
    kinds = [kind for kind, _, _ in places]
    points, yaw = road.to_world(
        np.array([station for _, station, _ in places], dtype=np.float64),
        np.array([lateral for _, _, lateral in places], dtype=np.float64),
    )
    sizes = np.array([SIZES[kind] for kind in kinds], dtype=np.float64).reshape(-1, 3)
    return ObstacleStates(
        id=np.arange(first_id, first_id + len(places), dtype=np.int64),
        x=points[:, 0],
        y=points[:, 1],
        yaw=yaw,
        length=sizes[:, 0],
        width=sizes[:, 1],
        height=sizes[:, 2],
        kind=np.array(kinds, dtype=np.int64),
    )


def _closure(
    closure: LaneClosure, owner: str, start: float, rng: np.random.Generator, occupancy: Occupancy
) -> list[Place]:
    road = occupancy.road
    at = start + closure.at.draw(rng)
    taper, length, spacing = (
        quantity.draw(rng) for quantity in (closure.taper, closure.length, closure.spacing)
    )
    lane = road.lanes[named_lane(road, closure.lane, -1, at)]
    inwards = -1.0 if closure.lane == "leftmost" else 1.0  # to the open lanes
    half = lane.width / 2.0
    inner = half - _INSIDE
    occupancy.close_lane(ClosedLane(owner, at, at + taper + length, lane.offset - inner, lane.offset + inner))
    places: list[Place] = []
    for along in np.arange(0.0, taper + 0.1, spacing):
        aside = -half + (2.0 * half - _INSIDE) * float(along) / taper
        station = at + float(along)
        places.append((ObstacleKind.CONE, station, lane.lateral_at(station) + inwards * aside))
    board = at + taper * 0.75
    places.append((ObstacleKind.ARROW_BOARD, board, lane.lateral_at(board) - inwards * (half - 1.2)))
    for along in np.arange(_BARRIER_SPACING, length, _BARRIER_SPACING):
        station = at + taper + float(along)
        places.append((ObstacleKind.BARRIER, station, lane.lateral_at(station) + inwards * (half - _INSIDE)))
    return places
