"""Fills the road around the ego with traffic of a given density and keeps the density constant.

The density counts the unscripted vehicles in a window around the ego per kilometre of open lane. The window
moves with the ego. A vehicle that leaves it is replaced out of sight: behind the ego by a faster vehicle,
ahead of the ego by a slower one.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drive_stack.support.kernels import kernel

from .flow import STANDSTILL_GAP, flow_speed, unaccelerated_speed
from .lane_bodies import LaneBodies
from .lane_segments import LaneSegments
from .mix import DrawnVehicle, Mix
from .placement import LanePlacement, PlacedVehicle, desired_speeds, next_in_lane, to_records
from .records import EgoOnRoad, Records

ENTER_BEHIND, ENTER_AHEAD = (
    (120.0, 250.0),
    (420.0, 600.0),
)  # distances where vehicles appear, unseen [m]
_LEAVING_DISTANCE = 5.0  # beyond the window, at which vehicles are removed [m]
_ROAD_END = 30.0  # distance before the road's end at which vehicles are removed [m]
_MIN_FREE_TERM = 0.3  # limits the equilibrium gap, which is infinite at the desired speed


@dataclass(frozen=True, slots=True)
class Window:
    """Extent of the traffic around the ego [m]."""

    behind: float = 250.0
    ahead: float = 600.0


@dataclass(frozen=True, slots=True)
class Demand:
    """The requested density and composition of traffic."""

    density: float  # [vehicles/km/lane]
    mix: Mix

    @property
    def flow(self) -> float:
        """Speed of steady traffic of this density [m/s]."""
        return flow_speed(
            self.density, self.mix.mean_target_speed, self.mix.large_fraction, grip=self.mix.grip
        )

    @property
    def spacing(self) -> float:
        """Mean distance from one vehicle to the next in a lane [m]."""
        return 1000.0 / max(self.density, 1e-3)


class DensityController:
    """Keeps the demanded number of vehicles in the window."""

    def __init__(
        self, demand: Demand, segments: LaneSegments, window: Window, rng: np.random.Generator
    ) -> None:
        self._demand = demand
        self._segments = segments
        self._window = window
        self._rng = rng
        self._rounding = float(rng.random())
        self.flow = demand.flow  # [m/s]

    def copy(self) -> DensityController:
        """Return an independent copy, including its random generator."""
        other = copy.copy(self)
        other._rng = copy.deepcopy(self._rng)
        return other

    def draw_initial(self, rows: Records, ego: EgoOnRoad, clear_ahead: float) -> list[PlacedVehicle]:
        """Draw the first vehicles, none within ``clear_ahead`` [m] ahead of the ego in its lane."""
        placement = LanePlacement(
            self._segments, rows, ego, self._demand.mix, self.flow, self._demand.spacing, clear_ahead,
            self._rng,
        )  # fmt: skip
        return placement.place(self._target_count(ego.station), *self._edges(ego.station))

    def draw_newcomers(self, rows: Records, ego: EgoOnRoad) -> list[PlacedVehicle]:
        """Draw out-of-sight vehicles to replace those missing in the window, at most one per lane."""
        missing = self._target_count(ego.station) - len(self._present(rows, ego.station))
        lanes = self._rng.permutation(len(self._segments.road.lanes)) if missing > 0 else ()
        newcomers: list[PlacedVehicle] = []
        for lane in lanes:
            new = self._demand.mix.draw(self._rng, int(lane), self._segments.road)
            bodies = LaneBodies.of(rows, ego, self._segments.road, int(lane))
            placed_vehicle = self._from_behind(int(lane), new, bodies, ego)
            placed_vehicle = placed_vehicle or self._from_ahead(int(lane), new, bodies, ego)
            if placed_vehicle is not None:
                newcomers.append(placed_vehicle)
            if len(newcomers) == missing:
                break
        return newcomers

    def surplus(self, rows: Records, ego: EgoOnRoad) -> list[int]:
        """Return the rows to remove where lanes have ended: the farthest vehicles that are out of sight."""
        present = self._present(rows, ego.station)
        distance = rows["station"][present] - ego.station
        to_edge = np.where(distance > 0.0, ENTER_AHEAD[1] - distance, ENTER_BEHIND[1] + distance)
        out_of_sight = (distance > ENTER_AHEAD[0]) | (distance < -ENTER_BEHIND[0])
        order = np.argsort(to_edge[out_of_sight], kind="stable")
        excess = max(len(present) - self._target_count(ego.station), 0)
        return [int(row) for row in present[out_of_sight][order][:excess]]

    def _present(self, rows: Records, ego_station: float) -> NDArray[np.intp]:
        """Return the rows of the unscripted vehicles in the window."""
        low, high = self._edges(ego_station)
        unscripted = (rows["alive"] == 1) & (rows["scripted"] == 0) & (rows["parked"] == 0)
        return np.flatnonzero(unscripted & (rows["station"] >= low) & (rows["station"] <= high))

    def _target_count(self, ego_station: float) -> int:
        open_km = self._segments.open_length(*self._edges(ego_station)) / 1000.0
        return math.floor(self._demand.density * open_km + self._rounding)

    def _edges(self, ego_station: float) -> tuple[float, float]:
        return ego_station - self._window.behind, ego_station + self._window.ahead

    def _from_behind(
        self, lane: int, new: DrawnVehicle, bodies: LaneBodies, ego: EgoOnRoad
    ) -> PlacedVehicle | None:
        """Place a vehicle behind the last one in a lane, at its equilibrium gap or farther.

        The result is None where no free station exists or the vehicle is not faster than the ego.
        """
        far, near = (ego.station - edge for edge in (ENTER_BEHIND[1], ENTER_BEHIND[0]))
        row = to_records([new])
        row["station"] = far
        desired = float(desired_speeds(row, self._segments)[0])
        in_window = bodies.front > far - _LEAVING_DISTANCE
        if in_window.any():
            last = int(np.argmax(in_window))
            speed = min(float(bodies.speed[last]), desired)
            gap = _equilibrium_gap(speed, desired, new.driver.time_gap)
            near = min(near, float(bodies.rear[last]) - gap - new.length / 2.0)
        station = self._free_station(lane, far, near, new.length, desired)
        if station is None:
            return None
        row["station"] = station
        rear, leader_speed = next_in_lane(self._segments, lane, station, bodies)
        gap = rear - station - new.length / 2.0
        speed = float(unaccelerated_speed(row[0], desired, gap, leader_speed))
        return PlacedVehicle(new, lane, station, speed) if speed > ego.speed else None

    def _from_ahead(
        self, lane: int, new: DrawnVehicle, bodies: LaneBodies, ego: EgoOnRoad
    ) -> PlacedVehicle | None:
        """Place a vehicle ahead of the first one in a lane, far enough that the first need not brake.

        The result is None where no free station exists or the vehicle is not slower than the ego.
        """
        near, far = (ego.station + edge for edge in ENTER_AHEAD)
        row = to_records([new])
        row["station"] = far
        speed = min(float(desired_speeds(row, self._segments)[0]), self.flow)
        if speed >= ego.speed:
            return None
        in_window = bodies.rear < far + _LEAVING_DISTANCE
        if in_window.any():
            first = int(np.flatnonzero(in_window)[-1])
            driver = bodies.drivers[first]
            closing = float(bodies.speed[first]) * (float(bodies.speed[first]) - speed)
            closing /= 2.0 * math.sqrt(driver["max_acceleration"] * driver["comfort_braking"])
            gap = _equilibrium_gap(float(bodies.speed[first]), driver["target_speed"], driver["time_gap"])
            near = max(near, float(bodies.front[first]) + gap + max(closing, 0.0) + new.length / 2.0)
        station = self._free_station(lane, near, far, new.length, speed)
        return None if station is None else PlacedVehicle(new, lane, station, speed)

    def _free_station(self, lane: int, low: float, high: float, length: float, speed: float) -> float | None:
        """Draw a station [m] for the centre of a vehicle that lies wholly in a free segment, else None."""
        half = length / 2.0
        free = [
            (start + half, end - half)
            for start, end in self._segments.free(lane, low - half, high + half, speed)
            if end - start > length
        ]
        total = sum(end - start for start, end in free)
        offset = total * float(self._rng.random())
        for start, end in free:
            if offset <= end - start:
                return start + offset
            offset -= end - start
        return None


def _equilibrium_gap(speed: float, desired: float, time_gap: float) -> float:
    """Return the gap [m] that a driver keeps at a speed in steady traffic; see `envs.traffic.flow`."""
    free = max(1.0 - (speed / max(desired, 0.1)) ** 4, _MIN_FREE_TERM)
    return (STANDSTILL_GAP + speed * time_gap) / math.sqrt(free)


@kernel()
def rows_outside(rows, low, high, road_end):  # type: ignore[no-untyped-def]
    """Return the rows of unscripted vehicles outside stations ``low`` to ``high`` or at the road's end."""
    low, high = low - _LEAVING_DISTANCE, min(high + _LEAVING_DISTANCE, road_end - _ROAD_END)
    outside = np.empty(rows.shape[0], np.int64)
    count = 0
    for i in range(rows.shape[0]):
        row = rows[i]
        if row.alive and not row.scripted and not row.parked and not low <= row.station <= high:
            outside[count] = i
            count += 1
    return outside[:count]


@kernel()
def cap_first_speeds(rows, lanes, max_speed):  # type: ignore[no-untyped-def]
    """Limit the speed of the first vehicle of each lane, as if traffic continued ahead of it.

    Without the limit the first vehicles have a free road, drive away, and the density falls.
    """
    first = np.full(lanes, -1)
    for i in range(rows.shape[0]):
        row = rows[i]
        row.max_speed = np.inf
        lane = row.target_lane
        if row.alive and 0 <= lane < lanes and (first[lane] < 0 or row.station > rows[first[lane]].station):
            first[lane] = i
    for lane in range(lanes):
        if first[lane] >= 0 and not rows[first[lane]].scripted:
            rows[first[lane]].max_speed = max_speed
