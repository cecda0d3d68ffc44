"""Resolves the lanes that a scenario file names, for one road and for all roads that can be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drive_stack.errors import ConfigError
from drive_stack.road_map import LaneKind, RoadMap

from .actors import LaneName, Place
from .quantity import Quantity
from .roads import LaneDrop, OnRamp, RoadSpec, Winding
from .route import EgoStart


@dataclass(frozen=True, slots=True)
class LaneLayout:
    """One possible arrangement of the lanes of a road, with the ego's lane."""

    main: int  # number of main lanes; a ramp is one more, on their right
    ends: tuple[tuple[float, float], ...]  # min and max end station of each lane, from left to right [m]
    ego: int  # index of the ego's lane

    def exists(self, lane: int, near: float, far: float) -> bool:
        """Whether a lane exists at all stations from ``near`` to ``far`` [m] in every draw."""
        return 0 <= lane < len(self.ends) and self.ends[lane][0] >= far and near >= 0.0

    def may_exist(self, lane: int, near: float) -> bool:
        """Whether a lane can exist at the station ``near`` [m] or beyond."""
        return 0 <= lane < len(self.ends) and self.ends[lane][1] >= near

    def index(self, name: LaneName, near: float, far: float) -> int | None:
        """Return the index of a named lane from station ``near`` to ``far`` [m].

        None if the lane can be missing, or can be a different one, in that range.
        """
        if name in ("leftmost", "rightmost"):
            lanes = range(self.main) if name == "leftmost" else range(self.main - 1, -1, -1)
            first = next(lane for lane in lanes if self.may_exist(lane, near))
            return first if self.exists(first, near, far) else None
        lane = self.ego + {"ego": 0, "left_of_ego": -1, "right_of_ego": 1}[name]
        return lane if self.exists(lane, near, far) else None


def layouts(road: RoadSpec, ego: EgoStart) -> tuple[LaneLayout, ...]:
    """Return every layout that can be drawn; empty if the ego's lane cannot exist at its start."""
    return tuple(
        LaneLayout(main, ends, lane)
        for main in possible_counts(road.lanes)
        for ends in _ends(road, main)
        for lane in sorted(set(_ego_lanes(ego, main, ends)))
    )


def named_lane(road: RoadMap, name: LaneName, ego_lane: int, station: float) -> int:
    """Return the index of the lane that a scenario file names.

    Raises:
        ConfigError: If the lane does not exist at ``station`` [m].
    """
    main = [
        index for index, lane in enumerate(road.lanes) if lane.kind is LaneKind.MAIN and lane.covers(station)
    ]
    if name in ("leftmost", "rightmost") and main:
        return main[0] if name == "leftmost" else main[-1]
    lane = ego_lane + {"left_of_ego": -1, "right_of_ego": 1}.get(name, 0)
    if not 0 <= lane < len(road.lanes) or not road.lanes[lane].covers(station):
        raise ConfigError(f"there is no lane '{name}' at station {station:.0f} m")
    return lane


def place_lateral(road: RoadMap, place: Place, name: LaneName, ego_lane: int, station: float) -> float:
    """Return the lateral of the centre of a named lane or of a shoulder [m].

    Raises:
        ConfigError: If the lane does not exist at ``station`` [m].
    """
    if place == "lane":
        return road.lanes[named_lane(road, name, ego_lane, station)].lateral_at(station)
    right, left = road.paved(station)
    return right + road.right_shoulder / 2.0 if place == "right_shoulder" else left - road.left_shoulder / 2.0


def possible_counts(quantity: Quantity) -> tuple[int, ...]:
    """Return every whole number that can be drawn."""
    low, high = (round(bound) for bound in quantity.bounds)
    return tuple(sorted({round(value) for value in quantity.choices} or range(low, high + 1)))


def _ends(road: RoadSpec, main: int) -> Iterator[tuple[tuple[float, float], ...]]:
    through = ((road.total_length, road.total_length),) * main
    if isinstance(road, OnRamp):
        low, high = (road.opens.bounds[side] + road.merge_length.bounds[side] for side in (0, 1))
        yield (*through, (low, high))
    elif isinstance(road, LaneDrop):
        if road.side != "right":
            yield (road.drops.bounds, *through[1:])
        if road.side != "left":
            yield (*through[1:], road.drops.bounds)
    elif isinstance(road, Winding) and road.drops is not None:
        if road.drops_side == "left":
            yield (road.drops.bounds, *through[1:])
        else:
            yield (*through[1:], road.drops.bounds)
    else:
        yield through


def _ego_lanes(ego: EgoStart, main: int, ends: tuple[tuple[float, float], ...]) -> Iterator[int]:
    near, far = ego.station.bounds
    if ego.lane == "ramp":
        if len(ends) > main:
            yield main
        return
    may_exist = [lane for lane in range(main) if ends[lane][1] >= near]
    certain = [lane for lane in range(main) if ends[lane][0] >= far]
    for lanes in (may_exist, certain):
        if ego.lane == "any":
            yield from lanes
        else:
            yield {"leftmost": lanes[0], "rightmost": lanes[-1], "middle": lanes[len(lanes) // 2]}[ego.lane]
