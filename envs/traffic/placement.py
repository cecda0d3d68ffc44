"""Places the first vehicles on the road, at random gaps and at speeds at which no driver has to brake."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.types import FloatArray

from .flow import CRAWLING_GAP, MEAN_TIME_GAP, STANDSTILL_GAP, equilibrium_speed, settle_speeds
from .lane_bodies import EGO_ID, LaneBodies
from .lane_segments import LaneSegments, Segment, stopping_distance, subtract
from .mix import DrawnVehicle, Mix
from .records import VEHICLE, EgoOnRoad, Records

_MIN_GAP_FRACTION = 0.5  # minimum of a random gap as a fraction of the gap in steady traffic
_GAP_WEIGHTS = (0.5, 1.5)  # range of each gap's random weight in the division of the free length
_CLEAR_BEHIND = 30.0  # distance behind the ego in its lane without vehicles [m]


@dataclass(frozen=True, slots=True)
class PlacedVehicle:
    """A drawn vehicle with its lane, station and speed."""

    vehicle: DrawnVehicle
    lane: int
    station: float  # of its centre [m]
    speed: float  # [m/s]


@dataclass(frozen=True, slots=True)
class LanePlacement:
    """Places vehicles in the free segments of all lanes.

    ``flow`` is the speed of steady traffic of the demanded density [m/s].
    """

    segments: LaneSegments
    rows: Records  # vehicles already on the road
    ego: EgoOnRoad
    mix: Mix
    flow: float
    spacing: float  # mean distance between the centres of successive vehicles [m]
    clear_ahead: float  # distance ahead of the ego in its lane without vehicles [m]
    rng: np.random.Generator

    def place(self, count: int, low: float, high: float) -> list[PlacedVehicle]:
        """Spread up to ``count`` vehicles over the lanes between two stations [m], as many as fit."""
        road = self.segments.road
        bodies = [LaneBodies.of(self.rows, self.ego, road, lane) for lane in range(len(road.lanes))]
        free = [
            (lane, segment)
            for lane, lane_bodies in enumerate(bodies)
            for segment in self._free(lane, lane_bodies, low, high)
        ]
        counts = _apportion(count, np.array([end - start for _, (start, end) in free]), self.rng)
        by_lane: dict[int, list[tuple[float, DrawnVehicle]]] = {lane: [] for lane in range(len(road.lanes))}
        missing = 0
        for (lane, segment), target in zip(free, counts, strict=True):
            vehicles = self._place_in_segment(lane, segment, target + missing)
            missing += target - len(vehicles)
            by_lane[lane] += vehicles
        return [
            placed
            for lane, vehicles in by_lane.items()
            for placed in self._set_speeds(lane, vehicles, bodies[lane])
        ]

    def _free(self, lane: int, bodies: LaneBodies, low: float, high: float) -> list[Segment]:
        """Return where vehicles may start in a lane, with gaps ahead of and behind each vehicle present."""
        free = self.segments.free(lane, low, high, self.flow)
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
            gap_ahead = STANDSTILL_GAP + MEAN_TIME_GAP * speed + closing
            gap_behind = STANDSTILL_GAP + MEAN_TIME_GAP * speed + stopping_distance(self.flow, speed)
            taken.append((float(rear) - gap_behind, float(front) + gap_ahead))
        return subtract(free, taken, low, high)

    def _place_in_segment(self, lane: int, segment: Segment, count: int) -> list[tuple[float, DrawnVehicle]]:
        """Place up to ``count`` vehicles in a segment; (station [m], vehicle), front first."""
        vehicles = [self.mix.draw(self.rng, lane, self.segments.road) for _ in range(count)]
        start, end = segment
        while (
            vehicles
            and sum(vehicle.length for vehicle in vehicles) + CRAWLING_GAP * (len(vehicles) - 1) > end - start
        ):
            vehicles.pop()
        if not vehicles:
            return []
        lengths = np.array([vehicle.length for vehicle in vehicles])
        gap = (end - start - lengths.sum()) / len(vehicles)
        speed = equilibrium_speed(gap, max(self.flow, 1.0))
        time_gaps = np.array([vehicle.driver.time_gap for vehicle in vehicles[1:]])
        gaps = STANDSTILL_GAP + _MIN_GAP_FRACTION * time_gaps * speed
        free = end - start - lengths.sum()
        if gaps.sum() > free:
            gaps *= free / gaps.sum()
        weights = self.rng.uniform(*_GAP_WEIGHTS, len(vehicles) + 1)
        weights[[0, -1]] -= _GAP_WEIGHTS[0]  # half a gap at either end
        extra = (free - gaps.sum()) * weights / weights.sum()
        ahead = np.concatenate([[extra[0]], gaps + extra[1:-1]])  # gap ahead of each front bumper
        fronts = end - np.cumsum(ahead) - np.concatenate([[0.0], np.cumsum(lengths[:-1])])
        return [
            (float(front - vehicle.length / 2.0), vehicle)
            for front, vehicle in zip(fronts, vehicles, strict=True)
        ]

    def _set_speeds(
        self, lane: int, vehicles: list[tuple[float, DrawnVehicle]], bodies: LaneBodies
    ) -> list[PlacedVehicle]:
        """Set the initial speeds of a lane's vehicles, (station [m], vehicle)."""
        vehicles = sorted(vehicles, key=lambda item: -item[0])
        if not vehicles:
            return []
        rows = to_records([vehicle for _, vehicle in vehicles])
        rows["station"] = [station for station, _ in vehicles]
        desired = desired_speeds(rows, self.segments)
        ahead = np.array([next_in_lane(self.segments, lane, station, bodies) for station, _ in vehicles])
        if np.isinf(ahead[0, 0]):
            desired[0] = min(desired[0], self.flow)
        settle_speeds(rows, desired, ahead[:, 0].copy(), ahead[:, 1].copy())
        return [
            PlacedVehicle(vehicle, lane, station, float(speed))
            for (station, vehicle), speed in zip(vehicles, rows["speed"], strict=True)
        ]


def to_records(vehicles: list[DrawnVehicle]) -> Records:
    """Return drawn vehicles as `VEHICLE` records (N,), with the fields that their speed depends on."""
    rows = np.zeros(len(vehicles), dtype=VEHICLE)
    rows["length"] = [vehicle.length for vehicle in vehicles]
    rows["target_speed"] = [vehicle.target_speed for vehicle in vehicles]
    for name in ("time_gap", "max_acceleration", "comfort_braking", "speed_factor"):
        rows[name] = [getattr(vehicle.driver, name) for vehicle in vehicles]
    return rows


def desired_speeds(rows: Records, segments: LaneSegments) -> FloatArray:
    """Return the free-road speed of each driver at its station [m/s], (N,)."""
    capped = segments.cap_at(rows["station"]) * rows["speed_factor"]
    return np.asarray(np.minimum(rows["target_speed"], capped), dtype=np.float64)


def next_in_lane(
    segments: LaneSegments, lane: int, station: float, bodies: LaneBodies
) -> tuple[float, float]:
    """Return the rear station [m] and speed [m/s] of the next vehicle or closed segment in a lane."""
    leader = bodies.leader_at(station)
    closed = segments.closed_ahead(lane, station)
    return (closed, 0.0) if closed < leader[0] else leader


def _apportion(count: int, lengths: FloatArray, rng: np.random.Generator) -> list[int]:
    """Divide ``count`` into whole numbers in proportion to ``lengths`` by systematic sampling."""
    if len(lengths) == 0:
        return []
    edges = np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum() * count
    return [int(part) for part in np.diff(np.floor(edges + float(rng.random())))]
