"""Fills the road about the ego with traffic, and renews what drives out of sight."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import FloatArray, ObjectClass
from envs.bodies import BODIES, HELD_OUT_PAINTS, PAINTS
from envs.traffic.rows import DriverProfile, Records

ENTER_BEHIND, ENTER_AHEAD = (120.0, 250.0), (420.0, 600.0)  # where vehicles appear, out of sight [m]
_LEAVE = 30.0  # beyond the window [m]
_ROAD_END = 30.0  # vehicles go before the road's end [m]
_ENDING = 350.0  # nobody appears so near before their lane's end [m]
_OBSTACLE_ROOM = 80.0  # nobody appears so near to obstacles in their lane [m]
_LARGE_SPEED = 90.0 / 3.6  # [m/s]


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch about the ego that has traffic [m]."""

    behind: float = 250.0
    ahead: float = 600.0


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A vehicle and its driver, drawn."""

    body: int
    colour: tuple[int, int, int]
    length: float
    width: float
    height: float
    target_speed: float
    driver: DriverProfile
    large: bool


@dataclass(frozen=True, slots=True)
class Mix:
    """What traffic is made of."""

    limit: float  # [m/s]
    held_out: bool = False
    speed_share: float = 0.95  # of the limit, what cars wish for on average
    large_share: float | None = None  # of vans, trucks and buses; the bodies' usual if None

    def draw(self, rng: np.random.Generator, lane: int, road: RoadMap) -> Newcomer:
        """A vehicle for a lane: trucks stay out of the left lanes, haste keeps to them."""
        usable = [index for index, body in enumerate(BODIES) if self.held_out or not body.held_out]
        shares = np.array([BODIES[index].share for index in usable])
        large = np.array([BODIES[index].label is ObjectClass.LARGE_VEHICLE for index in usable])
        if self.large_share is not None:
            shares[large] *= self.large_share / shares[large].sum()
            shares[~large] *= (1.0 - self.large_share) / shares[~large].sum()
        main = [index for index, each in enumerate(road.lanes) if each.kind is LaneKind.MAIN]
        if lane < main[-1] and float(shares[~large].sum()) > 0.0:
            shares[large] *= 0.15
        index = usable[int(rng.choice(len(usable), p=shares / shares.sum()))]
        body = BODIES[index]
        paints = PAINTS + HELD_OUT_PAINTS if self.held_out else PAINTS
        colour = paints[int(rng.integers(len(paints)))]
        length, width, height = (float(rng.uniform(*size)) for size in (body.length, body.width, body.height))
        is_large = body.label is ObjectClass.LARGE_VEHICLE
        driver = _driver(rng, is_large)
        target = self.limit * self.speed_share * float(rng.normal(1.0, 0.06)) + 1.0 * (len(main) - 1 - lane)
        if is_large and body.name != "van":
            target = min(target, _LARGE_SPEED)
        target = min(max(target, 0.6 * self.limit), 1.08 * self.limit)
        return Newcomer(index, colour, length, width, height, target, driver, is_large)


def _driver(rng: np.random.Generator, large: bool) -> DriverProfile:
    haste = float(rng.random())
    return DriverProfile(
        time_gap=2.0 - 0.9 * haste + (0.3 if large else 0.0),
        max_acceleration=(0.7 if large else 1.2) + (0.4 if large else 1.0) * haste,
        comfort_braking=2.0 + haste,
        politeness=0.6 - 0.5 * haste,
        threshold=0.45 - 0.25 * haste,
        speed_factor=0.95 + 0.1 * haste,
    )


def usable_lanes(road: RoadMap, station: float) -> list[int]:
    """Lanes in which a vehicle may appear at a station."""
    return [
        index
        for index, lane in enumerate(road.lanes)
        if lane.covers(station)
        and (lane.end >= road.length or lane.end - station > _ENDING)
        and 15.0 < station < road.length - _ROAD_END - 50.0
    ]


@numba.njit(cache=True)
def leaving(rows, low, high, road_end):  # type: ignore[no-untyped-def]
    """Rows well out of the stations ``low`` … ``high`` or at the road's end, scripted ones aside."""
    low, high = low - _LEAVE, min(high + _LEAVE, road_end - _ROAD_END)
    gone = np.empty(rows.shape[0], np.int64)
    count = 0
    for i in range(rows.shape[0]):
        row = rows[i]
        if row.alive and not row.scripted and not row.parked and not low <= row.station <= high:
            gone[count] = i
            count += 1
    return gone[:count]


def is_blocked(road: RoadMap, lane: int, station: float, obstacles: FloatArray) -> bool:
    """Whether obstacles ``(K, 2)`` (station, lateral) lie in or close beside a lane near a station."""
    aside = np.abs(obstacles[:, 1] - road.lanes[lane].lateral_at(station))
    near = np.abs(obstacles[:, 0] - station) < _OBSTACLE_ROOM
    return bool(np.any(near & (aside < road.lanes[lane].width / 2.0 + 0.2)))


def has_room(rows: Records, road: RoadMap, lane: int, station: float, new: Newcomer, speed: float) -> bool:
    """Whether a newcomer fits into a lane with safe gaps to those ahead and behind, leaving ones too."""
    aside = np.abs(rows["lateral"] - road.lanes[lane].lateral_at(station))
    within = aside < (rows["width"] + new.width) / 2.0 + 0.5
    there = (rows["alive"] == 1) & ((rows["lane"] == lane) | (rows["target_lane"] == lane) | within)
    apart = rows["station"][there] - station
    gap = np.abs(apart) - (rows["length"][there] + new.length) / 2.0
    others = rows["speed"][there]
    closing = np.where(apart > 0.0, speed - others, others - speed)
    rear_speed = np.where(apart > 0.0, speed, others)
    needed = 4.0 + 1.2 * rear_speed + np.maximum(closing, 0.0) ** 2 / 3.0
    return bool(np.all(gap > needed))
