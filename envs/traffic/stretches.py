"""The stretches of each lane that are open to traffic, and those where a vehicle may begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from drive_stack.road_map import Lane, RoadMap
from drive_stack.types import FloatArray
from envs.traffic.rows import CAP_STEP

Stretch: TypeAlias = tuple[float, float]  # stations of its ends [m]

COMFORTABLE_BRAKING = 2.0  # of everybody who is put on the road [m/s²]
_STANDING_CLEARANCE = 30.0  # kept before whatever stands in a lane or a lane's end [m]
_FIRST_STATION, _LAST_STATION = 15.0, 80.0  # nobody begins nearer to the road's start and end [m]
_ROAD_END = 30.0  # vehicles go before the road's end [m]
_PATH_HALF_WIDTH = 1.5  # what a vehicle in the middle of its lane needs on each side [m]
_BEYOND = 5.0  # kept behind the last thing that stands in a lane [m]
_SAME_CLOSURE = 40.0  # things that stand nearer to one another close the lane between them too [m]


@dataclass(frozen=True, slots=True)
class Standing:
    """Bodies that stand on the road for good, (N,) each [m]."""

    station: FloatArray
    lateral: FloatArray
    half_length: FloatArray
    half_width: FloatArray


@dataclass(frozen=True, slots=True)
class Stretches:
    """Which part of each lane is open. ``cap`` is the drivers' speed cap every `CAP_STEP`."""

    road: RoadMap
    cap: FloatArray
    closed: tuple[tuple[Stretch, ...], ...]  # of each lane, by station

    @classmethod
    def of(cls, road: RoadMap, cap: FloatArray, standing: Standing) -> Stretches:
        """The stretches of a road on which ``standing`` bodies close what lies in their way."""
        return cls(road, cap, tuple(_closed(lane, standing) for lane in road.lanes))

    def open_length(self, low: float, high: float) -> float:
        """Metres of lane between two stations that are open to traffic, all lanes together."""
        high, low = min(high, self.road.length - _ROAD_END), max(low, 0.0)
        total = 0.0
        for lane, closed in zip(self.road.lanes, self.closed, strict=True):
            total += sum(end - begin for begin, end in without([(lane.start, lane.end)], closed, low, high))
        return total

    def free(self, lane: int, low: float, high: float, speed: float) -> list[Stretch]:
        """Where a whole vehicle may begin that drives at ``speed`` [m/s] or at what the cap allows there.

        It can stop comfortably before the lane's end and before whatever closes the lane.
        """
        own = self.road.lanes[lane]
        closed = [(begin - self._approach(begin, speed), end + _BEYOND) for begin, end in self.closed[lane]]
        end = self.road.length - _LAST_STATION
        if own.end < self.road.length - 1.0:
            end = min(end, own.end - self._approach(own.end, speed))
        return without([(max(own.start, _FIRST_STATION), end)], closed, low, high)

    def closed_ahead(self, lane: int, station: float) -> float:
        """The next station [m] at which somebody in a lane has to stop; inf where the lane goes on."""
        own = self.road.lanes[lane]
        stops = [begin - _STANDING_CLEARANCE for begin, _ in self.closed[lane] if begin > station]
        if own.end < self.road.length - 1.0:
            stops.append(own.end - _STANDING_CLEARANCE)
        return min(stops, default=float("inf"))

    def cap_at(self, station: FloatArray) -> FloatArray:
        """The speed cap [m/s] at stations."""
        return np.interp(station, np.arange(len(self.cap)) * CAP_STEP, self.cap)

    def _approach(self, station: float, speed: float) -> float:
        """How far before a station a vehicle must begin to be able to stop comfortably [m]."""
        distance = _STANDING_CLEARANCE
        for _ in range(3):
            capped = min(speed, float(self.cap_at(np.asarray(station - distance))))
            distance = _STANDING_CLEARANCE + stopping_distance(capped)
        return distance


def stopping_distance(speed: float, to_speed: float = 0.0) -> float:
    """Way [m] of a comfortable braking down to ``to_speed`` [m/s]."""
    return max(speed * speed - to_speed * to_speed, 0.0) / (2.0 * COMFORTABLE_BRAKING)


def without(stretches: Sequence[Stretch], taken: Sequence[Stretch], low: float, high: float) -> list[Stretch]:
    """The parts of ``stretches`` between ``low`` and ``high`` that no ``taken`` one covers."""
    left = [(max(begin, low), min(end, high)) for begin, end in stretches]
    for cut_begin, cut_end in taken:
        left = [
            part
            for begin, end in left
            for part in ((begin, min(end, cut_begin)), (max(begin, cut_end), end))
            if part[0] < part[1]
        ]
    return [(begin, end) for begin, end in left if begin < end]


def _closed(lane: Lane, standing: Standing) -> tuple[Stretch, ...]:
    """The stretches of a lane that bodies close; those near one another make one."""
    across = np.abs(standing.lateral - lane.laterals_at(standing.station))
    inside = across < standing.half_width + _PATH_HALF_WIDTH
    rear = standing.station[inside] - standing.half_length[inside]
    front = standing.station[inside] + standing.half_length[inside]
    closed: list[Stretch] = []
    for index in np.argsort(rear):
        begin, end = float(rear[index]), float(front[index])
        if closed and begin - closed[-1][1] < _SAME_CLOSURE:
            closed[-1] = closed[-1][0], max(closed[-1][1], end)
        else:
            closed.append((begin, end))
    return tuple(closed)
