"""Fills the road about the ego with traffic of a density, and renews what drives out of sight.

The density counts the unscripted vehicles of the window about the ego per kilometre of lane that is open
there. Their number is kept while the window moves along: who leaves is replaced out of sight, behind the
ego by somebody faster than it, ahead by somebody slower.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from envs.traffic.filling import Filling, Newcomer, desired_speeds, next_ahead, records_of
from envs.traffic.flow import STANDSTILL_GAP, flow_speed, unaccelerated_speed
from envs.traffic.lane_bodies import LaneBodies
from envs.traffic.mix import DrawnVehicle, Mix
from envs.traffic.rows import EgoOnRoad, Records
from envs.traffic.stretches import Stretches

ENTER_BEHIND, ENTER_AHEAD = (120.0, 250.0), (420.0, 600.0)  # where vehicles appear, out of sight [m]
_LEAVE = 5.0  # beyond the window [m]
_ROAD_END = 30.0  # vehicles go before the road's end [m]
_LEAST_FREE = 0.3  # bounds the equilibrium gap, which is infinite at the desired speed


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch about the ego that has traffic [m]."""

    behind: float = 250.0
    ahead: float = 600.0


@dataclass(frozen=True, slots=True)
class Demand:
    """The traffic that is asked for."""

    density: float  # [vehicles/km/lane]
    mix: Mix

    @property
    def flow(self) -> float:
        """Speed of steady traffic of this density [m/s]."""
        return flow_speed(self.density, self.mix.mean_target_speed, self.mix.large_share)

    @property
    def spacing(self) -> float:
        """Mean way from one vehicle to the next [m]."""
        return 1000.0 / max(self.density, 1e-3)


class Supply:
    """Keeps the demanded number of vehicles in the window."""

    def __init__(
        self, demand: Demand, stretches: Stretches, window: Window, rng: np.random.Generator
    ) -> None:
        self._demand = demand
        self._stretches = stretches
        self._window = window
        self._rng = rng
        self._rounding = float(rng.random())
        self.flow = demand.flow  # [m/s]

    def copy(self) -> Supply:
        """A supply that lives on apart, its randomness too."""
        other = copy.copy(self)
        other._rng = copy.deepcopy(self._rng)
        return other

    def fill(self, rows: Records, ego: EgoOnRoad, clear_ahead: float) -> list[Newcomer]:
        """The first vehicles: nobody within ``clear_ahead`` [m] before the ego in its lane."""
        filling = Filling(
            self._stretches, rows, ego, self._demand.mix, self.flow, self._demand.spacing, clear_ahead,
            self._rng,
        )  # fmt: skip
        return filling.place(self._wanted(ego.station), *self._edges(ego.station))

    def renew(self, rows: Records, ego: EgoOnRoad) -> list[Newcomer]:
        """One each for up to so many lanes as the window has too few, out of sight."""
        missing = self._wanted(ego.station) - len(self._present(rows, ego.station))
        lanes = self._rng.permutation(len(self._stretches.road.lanes)) if missing > 0 else ()
        found: list[Newcomer] = []
        for lane in lanes:
            new = self._demand.mix.draw(self._rng, int(lane), self._stretches.road)
            bodies = LaneBodies.of(rows, ego, self._stretches.road, int(lane))
            newcomer = self._from_behind(int(lane), new, bodies, ego)
            newcomer = newcomer or self._from_ahead(int(lane), new, bodies, ego)
            if newcomer is not None:
                found.append(newcomer)
            if len(found) == missing:
                break
        return found

    def surplus(self, rows: Records, ego: EgoOnRoad) -> list[int]:
        """Rows to take away because lanes have ended: the farthest out, where newcomers would appear."""
        present = self._present(rows, ego.station)
        apart = rows["station"][present] - ego.station
        inwards = np.where(apart > 0.0, ENTER_AHEAD[1] - apart, ENTER_BEHIND[1] + apart)
        unseen = (apart > ENTER_AHEAD[0]) | (apart < -ENTER_BEHIND[0])
        order = np.argsort(inwards[unseen], kind="stable")
        excess = max(len(present) - self._wanted(ego.station), 0)
        return [int(row) for row in present[unseen][order][:excess]]

    def _present(self, rows: Records, ego_station: float) -> NDArray[np.intp]:
        """Rows of the unscripted vehicles in the window."""
        low, high = self._edges(ego_station)
        unscripted = (rows["alive"] == 1) & (rows["scripted"] == 0) & (rows["parked"] == 0)
        return np.flatnonzero(unscripted & (rows["station"] >= low) & (rows["station"] <= high))

    def _wanted(self, ego_station: float) -> int:
        open_km = self._stretches.open_length(*self._edges(ego_station)) / 1000.0
        return math.floor(self._demand.density * open_km + self._rounding)

    def _edges(self, ego_station: float) -> tuple[float, float]:
        return ego_station - self._window.behind, ego_station + self._window.ahead

    def _from_behind(
        self, lane: int, new: DrawnVehicle, bodies: LaneBodies, ego: EgoOnRoad
    ) -> Newcomer | None:
        """Behind the last one in a lane, near enough to follow, faster than the ego."""
        far, near = (ego.station - edge for edge in (ENTER_BEHIND[1], ENTER_BEHIND[0]))
        row = records_of([new])
        row["station"] = far
        desired = float(desired_speeds(row, self._stretches)[0])
        there = bodies.front > far - _LEAVE
        if there.any():
            last = int(np.argmax(there))
            speed = min(float(bodies.speed[last]), desired)
            gap = _equilibrium_gap(speed, desired, new.driver.time_gap)
            near = min(near, float(bodies.rear[last]) - gap - new.length / 2.0)
        station = self._free_station(lane, far, near, new.length, desired)
        if station is None:
            return None
        row["station"] = station
        rear, leader_speed = next_ahead(self._stretches, lane, station, bodies)
        gap = rear - station - new.length / 2.0
        speed = float(unaccelerated_speed(row[0], desired, gap, leader_speed))
        return Newcomer(new, lane, station, speed) if speed > ego.speed else None

    def _from_ahead(
        self, lane: int, new: DrawnVehicle, bodies: LaneBodies, ego: EgoOnRoad
    ) -> Newcomer | None:
        """Before the first one in a lane, who need not brake for it, slower than the ego."""
        near, far = (ego.station + edge for edge in ENTER_AHEAD)
        row = records_of([new])
        row["station"] = far
        speed = min(float(desired_speeds(row, self._stretches)[0]), self.flow)
        if speed >= ego.speed:
            return None
        there = bodies.rear < far + _LEAVE
        if there.any():
            first = int(np.flatnonzero(there)[-1])
            driver = bodies.drivers[first]
            closing = float(bodies.speed[first]) * (float(bodies.speed[first]) - speed)
            closing /= 2.0 * math.sqrt(driver["max_acceleration"] * driver["comfort_braking"])
            gap = _equilibrium_gap(float(bodies.speed[first]), driver["target_speed"], driver["time_gap"])
            near = max(near, float(bodies.front[first]) + gap + max(closing, 0.0) + new.length / 2.0)
        station = self._free_station(lane, near, far, new.length, speed)
        return None if station is None else Newcomer(new, lane, station, speed)

    def _free_station(self, lane: int, low: float, high: float, length: float, speed: float) -> float | None:
        """A station between two for the middle of a vehicle that has all of itself on a free stretch."""
        half = length / 2.0
        free = [
            (begin + half, end - half)
            for begin, end in self._stretches.free(lane, low - half, high + half, speed)
            if end - begin > length
        ]
        total = sum(end - begin for begin, end in free)
        along = total * float(self._rng.random())
        for begin, end in free:
            if along <= end - begin:
                return begin + along
            along -= end - begin
        return None


def _equilibrium_gap(speed: float, desired: float, time_gap: float) -> float:
    """The gap [m] that a driver keeps at a speed in steady traffic."""
    free = max(1.0 - (speed / max(desired, 0.1)) ** 4, _LEAST_FREE)
    return (STANDSTILL_GAP + speed * time_gap) / math.sqrt(free)


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


@numba.njit(cache=True)
def pace_first(rows, lanes, pace):  # type: ignore[no-untyped-def]
    """Let the first vehicle of each lane drive at most at a pace [m/s], as if traffic went on before it.

    Without it the first ones, with a free road ahead, would drive off and the density would fall.
    """
    first = np.full(lanes, -1)
    for i in range(rows.shape[0]):
        row = rows[i]
        row.pace = np.inf
        lane = row.target_lane
        if row.alive and 0 <= lane < lanes and (first[lane] < 0 or row.station > rows[first[lane]].station):
            first[lane] = i
    for lane in range(lanes):
        if first[lane] >= 0 and not rows[first[lane]].scripted:
            rows[first[lane]].pace = pace
