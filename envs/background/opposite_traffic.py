"""Traffic of the opposite carriageway, which drives towards the ego behind the central barrier.

Its state is a function of the seed and of time: each lane has a constant speed, so vehicles keep their gaps.
Nothing is stepped, and nothing on the own carriageway changes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from drive_stack.objects.vehicles import select_vehicles
from drive_stack.road.scenery import OppositeCarriageway
from drive_stack.road_map import RoadMap
from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray
from drive_stack.world_state import VehicleStates

from ..traffic.flow import STANDSTILL_GAP, flow_speed
from ..traffic.looks import distinct_in_line
from ..traffic.mix import DrawnVehicle, Mix
from .drawn import vehicle_states

AHEAD, BEHIND = 620.0, 60.0  # vehicles between these distances from the ego exist [m]
_PERIOD = 4000.0  # length of lane after which the same vehicles follow again [m]
_ROAD_EXTENSION = 2500.0  # of the lanes beyond both ends of the road [m]
_TIME_GAP = 0.8  # minimum, to the vehicle ahead [s]
_SPEED_FRACTIONS = 0.85, 1.0  # range of the slowest lane's speed as a fraction of the limit
_FASTER = 8.0 / 3.6  # of each lane than the one outside it [m/s]
_LARGE_SPEED = 88.0 / 3.6  # of the outermost lane, in which lorries drive [m/s]


@dataclass(frozen=True, slots=True)
class OppositeTraffic:
    """The traffic of one episode. Arc lengths are those along a lane, against its direction."""

    road: RoadMap
    station: FloatArray  # (K,) at which the lanes' arc lengths are known [m]
    arc_at: FloatArray  # (L, K) arc lengths there [m]
    lane: NDArray[np.int64]  # (N,) of each vehicle, 0 is the fastest lane
    arc: FloatArray  # (N,) of each vehicle at the start of the episode [m]
    vehicles: VehicleStates  # all N, whose places are not yet set

    def states(self, time: float, station: float) -> VehicleStates:
        """Return the vehicles near an ego at ``station`` [m] at ``time`` [s] since the start.

        Their stations and laterals are those of the own road map; their lane is −1.
        """
        rows, stations = _near(
            self.station, self.arc_at, self.lane, self.arc, self.vehicles.speed, time, station
        )
        near = select_vehicles(self.vehicles, rows)
        points, yaw = self.road.to_world(stations, near.lateral)
        return replace(near, x=points[:, 0], y=points[:, 1], yaw=yaw + np.pi, station=stations)


@kernel()
def _near(station, arc_at, lane, arc, speed, time, ego_station):  # type: ignore[no-untyped-def]
    """Return the rows and stations of the vehicles near the ego."""
    rows, stations = np.empty(len(arc), np.int64), np.empty(len(arc))
    window = np.array([ego_station - BEHIND, ego_station + AHEAD])
    count, last = 0, -1
    begin = end = 0.0
    for row in range(len(arc)):
        if lane[row] != last:
            last = lane[row]
            begin, end = np.interp(window, station, arc_at[last])
        ahead = (arc[row] - speed[row] * time - begin) % _PERIOD
        if ahead < end - begin:
            rows[count] = row
            stations[count] = np.interp(begin + ahead, arc_at[last], station)
            count += 1
    return rows[:count], stations[:count]


def draw_opposite_traffic(
    road: RoadMap,
    carriageway: OppositeCarriageway,
    density: float,
    limit: float,
    rng: np.random.Generator,
    first_id: int,
    *,
    held_out: bool,
) -> OppositeTraffic:
    """Draw the traffic of an episode.

    Args:
        road: The own road.
        carriageway: That of the traffic.
        density: Vehicles per km and lane.
        limit: The speed limit [m/s].
        rng: Generator of all draws.
        first_id: Actor id of the first vehicle; the others follow.
        held_out: Whether bodies and paints that are excluded from training may appear.
    """
    station, turned = _headings(road)
    mix = Mix(limit, held_out)
    slowest = limit * float(rng.uniform(*_SPEED_FRACTIONS))
    drawn: list[DrawnVehicle] = []
    lanes, arcs, speeds = [], [], []
    outermost = len(carriageway.lanes) - 1
    for index in range(len(carriageway.lanes)):
        desired = min(slowest, _LARGE_SPEED) if index == outermost else slowest
        desired = min(desired + _FASTER * (outermost - index), max(limit, desired))
        speed = flow_speed(density, desired)
        count = round(density * _PERIOD / 1000.0)
        queue = distinct_in_line([mix.draw(rng, index, road) for _ in range(count)], mix.paints)
        lanes += [index] * len(queue)
        speeds += [speed] * len(queue)
        arcs.append(_draw_places(np.array([vehicle.length for vehicle in queue]), speed, rng))
        drawn += queue
    lane = np.array(lanes, dtype=np.int64)
    laterals = np.array(carriageway.lanes)
    vehicles = vehicle_states(drawn, first_id, laterals[lane], np.array(speeds))
    arc_at = station - laterals[:, None] * turned
    return OppositeTraffic(road, station, arc_at, lane, np.concatenate(arcs), vehicles)


def _headings(road: RoadMap) -> tuple[FloatArray, FloatArray]:
    """Return stations (K,) [m] between which the curvature is constant, and the headings there [rad]."""
    inner = road.piece_station[1:-1]
    station = np.concatenate([[-_ROAD_EXTENSION], inner, [road.length + _ROAD_EXTENSION]])
    turned = np.concatenate([[0.0], np.cumsum(np.diff(station) * road.piece_curvature)])
    return station, turned - np.interp(0.0, station, turned)


def _draw_places(lengths: FloatArray, speed: float, rng: np.random.Generator) -> FloatArray:
    """Return places (N,) of vehicles on one period of lane [m]: minimum gaps, and the rest at random."""
    if len(lengths) == 0:
        return np.zeros(0)
    spare = _PERIOD - lengths.sum()
    smallest = min(STANDSTILL_GAP + _TIME_GAP * speed, spare / len(lengths))
    shares = rng.exponential(size=len(lengths))
    gaps = smallest + (spare - smallest * len(lengths)) * shares / shares.sum()
    spacing = gaps + (lengths + np.roll(lengths, 1)) / 2.0
    return np.asarray(rng.uniform(0.0, _PERIOD) + np.cumsum(spacing))
