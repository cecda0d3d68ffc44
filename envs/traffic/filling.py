"""Puts the first vehicles on the road: spaced at random, at speeds at which nobody has to brake."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.types import FloatArray
from envs.traffic.flow import CRAWLING_GAP, MEAN_TIME_GAP, STANDSTILL_GAP, equilibrium_speed, settle_speeds
from envs.traffic.lane_bodies import EGO_ID, LaneBodies
from envs.traffic.mix import DrawnVehicle, Mix
from envs.traffic.rows import VEHICLE, EgoOnRoad, Records
from envs.traffic.stretches import Stretch, Stretches, stopping_distance, without

_TIGHTEST = 0.5  # of the gap in steady traffic; random spacing goes down to this
_GAP_WEIGHTS = (0.5, 1.5)  # between which each gap's part of the free length is drawn
_CLEAR_BEHIND = 30.0  # nobody begins so near behind the ego in its lane [m]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A newcomer with its place."""

    vehicle: DrawnVehicle
    lane: int
    station: float  # of its middle [m]
    speed: float  # [m/s]


@dataclass(frozen=True, slots=True)
class Filling:
    """One filling of the road. ``flow`` is the speed of steady traffic of the density asked for [m/s]."""

    stretches: Stretches
    rows: Records  # vehicles that are there already
    ego: EgoOnRoad
    mix: Mix
    flow: float
    spacing: float  # mean, from one vehicle to the next [m]
    clear_ahead: float  # of the ego in its lane [m]
    rng: np.random.Generator

    def place(self, count: int, low: float, high: float) -> list[Newcomer]:
        """Spread ``count`` vehicles over the lanes between two stations; fewer where they do not fit."""
        road = self.stretches.road
        bodies = [LaneBodies.of(self.rows, self.ego, road, lane) for lane in range(len(road.lanes))]
        free = [
            (lane, stretch)
            for lane, there in enumerate(bodies)
            for stretch in self._free(lane, there, low, high)
        ]
        counts = _spread(count, np.array([end - begin for _, (begin, end) in free]), self.rng)
        placed: dict[int, list[tuple[float, DrawnVehicle]]] = {lane: [] for lane in range(len(road.lanes))}
        left_over = 0
        for (lane, stretch), wanted in zip(free, counts, strict=True):
            found = self._line_up(lane, stretch, wanted + left_over)
            left_over += wanted - len(found)
            placed[lane] += found
        return [one for lane, found in placed.items() for one in self._settle(lane, found, bodies[lane])]

    def _free(self, lane: int, bodies: LaneBodies, low: float, high: float) -> list[Stretch]:
        """Where vehicles may begin in a lane, with room before and behind whoever is there."""
        free = self.stretches.free(lane, low, high, self.flow)
        half = self.ego.length / 2.0
        ahead, behind = min(self.clear_ahead, self.spacing / 2.0), min(_CLEAR_BEHIND, self.spacing / 2.0)
        taken = [(self.ego.station - half - behind, self.ego.station + half + ahead)]
        for rear, front, speed, driver in zip(
            bodies.rear, bodies.front, bodies.speed, bodies.drivers, strict=True
        ):
            if driver["id"] == EGO_ID:
                taken.append((rear - _CLEAR_BEHIND, front + self.clear_ahead))
                continue
            closing = speed * max(speed - self.flow, 0.0) / 4.0
            after = STANDSTILL_GAP + MEAN_TIME_GAP * speed + closing
            before = STANDSTILL_GAP + MEAN_TIME_GAP * speed + stopping_distance(self.flow, speed)
            taken.append((float(rear) - before, float(front) + after))
        return without(free, taken, low, high)

    def _line_up(self, lane: int, stretch: Stretch, count: int) -> list[tuple[float, DrawnVehicle]]:
        """Up to ``count`` vehicles along a stretch, (station, vehicle) front first."""
        vehicles = [self.mix.draw(self.rng, lane, self.stretches.road) for _ in range(count)]
        begin, end = stretch
        while (
            vehicles
            and sum(one.length for one in vehicles) + CRAWLING_GAP * (len(vehicles) - 1) > end - begin
        ):
            vehicles.pop()
        if not vehicles:
            return []
        lengths = np.array([one.length for one in vehicles])
        gap = (end - begin - lengths.sum()) / len(vehicles)
        speed = equilibrium_speed(gap, max(self.flow, 1.0))
        times = np.array([one.driver.time_gap for one in vehicles[1:]])
        gaps = STANDSTILL_GAP + _TIGHTEST * times * speed
        free = end - begin - lengths.sum()
        if gaps.sum() > free:
            gaps *= free / gaps.sum()
        weights = self.rng.uniform(*_GAP_WEIGHTS, len(vehicles) + 1)
        weights[[0, -1]] -= _GAP_WEIGHTS[0]  # half a gap at either end
        parts = (free - gaps.sum()) * weights / weights.sum()
        behind = np.concatenate([[parts[0]], gaps + parts[1:-1]])  # what lies before each front bumper
        fronts = end - np.cumsum(behind) - np.concatenate([[0.0], np.cumsum(lengths[:-1])])
        return [(float(front - one.length / 2.0), one) for front, one in zip(fronts, vehicles, strict=True)]

    def _settle(
        self, lane: int, found: list[tuple[float, DrawnVehicle]], bodies: LaneBodies
    ) -> list[Newcomer]:
        """Give the vehicles of a lane their speeds."""
        found = sorted(found, key=lambda one: -one[0])
        if not found:
            return []
        rows = records_of([vehicle for _, vehicle in found])
        rows["station"] = [station for station, _ in found]
        desired = desired_speeds(rows, self.stretches)
        ahead = np.array([next_ahead(self.stretches, lane, station, bodies) for station, _ in found])
        if np.isinf(ahead[0, 0]):
            desired[0] = min(desired[0], self.flow)
        settle_speeds(rows, desired, ahead[:, 0].copy(), ahead[:, 1].copy())
        return [
            Newcomer(vehicle, lane, station, float(speed))
            for (station, vehicle), speed in zip(found, rows["speed"], strict=True)
        ]


def records_of(vehicles: list[DrawnVehicle]) -> Records:
    """What the speed of newcomers depends on, as records of traffic, (N,) `VEHICLE`."""
    rows = np.zeros(len(vehicles), dtype=VEHICLE)
    rows["length"] = [one.length for one in vehicles]
    rows["target_speed"] = [one.target_speed for one in vehicles]
    for name in ("time_gap", "max_acceleration", "comfort_braking", "speed_factor"):
        rows[name] = [getattr(one.driver, name) for one in vehicles]
    return rows


def desired_speeds(rows: Records, stretches: Stretches) -> FloatArray:
    """What drivers would drive where they are if the road were free [m/s], (N,)."""
    capped = stretches.cap_at(rows["station"]) * rows["speed_factor"]
    return np.asarray(np.minimum(rows["target_speed"], capped), dtype=np.float64)


def next_ahead(stretches: Stretches, lane: int, station: float, bodies: LaneBodies) -> tuple[float, float]:
    """Where what is next in a lane begins [m] and its speed [m/s]: somebody, or the lane's closed part."""
    ahead = bodies.ahead_of(station)
    closed = stretches.closed_ahead(lane, station)
    return (closed, 0.0) if closed < ahead[0] else ahead


def _spread(count: int, lengths: FloatArray, rng: np.random.Generator) -> list[int]:
    """Whole numbers that add up to ``count``, in proportion to ``lengths`` (systematic sampling)."""
    if len(lengths) == 0:
        return []
    edges = np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum() * count
    return [int(part) for part in np.diff(np.floor(edges + float(rng.random())))]
