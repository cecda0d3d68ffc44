"""The segments of each lane that are open to traffic, and those in which a vehicle may start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from drive_stack.road_map import Lane, RoadMap
from drive_stack.types import FloatArray

from .records import CAP_STEP

Segment: TypeAlias = tuple[float, float]  # stations of its ends [m]

COMFORTABLE_BRAKING = 2.0  # that every newly placed vehicle may need at most [m/s²]
_STOP_CLEARANCE = 30.0  # distance kept before a closed segment or a lane's end [m]
_FIRST_STATION, _LAST_STATION = 15.0, 80.0  # margins at the road's start and end without new vehicles [m]
_ROAD_END = 30.0  # distance before the road's end at which vehicles are removed [m]
_PATH_HALF_WIDTH = 1.5  # half width of the path that a vehicle in a lane needs [m]
_CLEARANCE_AFTER = 5.0  # distance kept after the end of a closed segment [m]
_MERGE_DISTANCE = 40.0  # bodies closer to each other than this form one closed segment [m]


@dataclass(frozen=True, slots=True)
class StaticBodies:
    """Bodies that stay where they are on the road; arrays (N,) in m."""

    station: FloatArray
    lateral: FloatArray
    half_length: FloatArray
    half_width: FloatArray


@dataclass(frozen=True, slots=True)
class LaneSegments:
    """The open and closed segments of each lane."""

    road: RoadMap
    cap: FloatArray  # the drivers' speed cap every `CAP_STEP` [m/s]
    closed: tuple[tuple[Segment, ...], ...]  # of each lane, by rising station

    @classmethod
    def of(cls, road: RoadMap, cap: FloatArray, static: StaticBodies) -> LaneSegments:
        """Return the segments of a road whose lanes are closed where ``static`` bodies stand in them."""
        return cls(road, cap, tuple(_closed(lane, static) for lane in road.lanes))

    def open_length(self, low: float, high: float) -> float:
        """Return the open length of all lanes together between two stations [m]."""
        high, low = min(high, self.road.length - _ROAD_END), max(low, 0.0)
        total = 0.0
        for lane, closed in zip(self.road.lanes, self.closed, strict=True):
            total += sum(end - start for start, end in subtract([(lane.start, lane.end)], closed, low, high))
        return total

    def free(self, lane: int, low: float, high: float, speed: float) -> list[Segment]:
        """Return the segments that may hold a whole new vehicle between two stations [m].

        The vehicle drives at ``speed`` [m/s] or at the speed cap, whichever is lower. It can stop comfortably
        before the lane's end and before each closed segment.
        """
        own = self.road.lanes[lane]
        closed = [
            (start - self._approach(start, speed), end + _CLEARANCE_AFTER) for start, end in self.closed[lane]
        ]
        end = self.road.length - _LAST_STATION
        if own.end < self.road.length - 1.0:
            end = min(end, own.end - self._approach(own.end, speed))
        return subtract([(max(own.start, _FIRST_STATION), end)], closed, low, high)

    def closed_ahead(self, lane: int, station: float) -> float:
        """Return the next station [m] at which a vehicle in a lane has to stop; inf where there is none."""
        own = self.road.lanes[lane]
        stops = [start - _STOP_CLEARANCE for start, _ in self.closed[lane] if start > station]
        if own.end < self.road.length - 1.0:
            stops.append(own.end - _STOP_CLEARANCE)
        return min(stops, default=float("inf"))

    def cap_at(self, station: FloatArray) -> FloatArray:
        """Return the speed cap [m/s] at stations [m]."""
        return np.interp(station, np.arange(len(self.cap)) * CAP_STEP, self.cap)

    def _approach(self, station: float, speed: float) -> float:
        """Return the distance before a station that a vehicle needs to stop comfortably [m]."""
        distance = _STOP_CLEARANCE
        for _ in range(3):
            capped = min(speed, float(self.cap_at(np.asarray(station - distance))))
            distance = _STOP_CLEARANCE + stopping_distance(capped)
        return distance


def stopping_distance(speed: float, to_speed: float = 0.0) -> float:
    """Return the distance [m] of comfortable braking from ``speed`` to ``to_speed`` [m/s]."""
    return max(speed * speed - to_speed * to_speed, 0.0) / (2.0 * COMFORTABLE_BRAKING)


def subtract(segments: Sequence[Segment], taken: Sequence[Segment], low: float, high: float) -> list[Segment]:
    """Return the parts of ``segments`` between ``low`` and ``high`` outside all ``taken`` segments."""
    remaining = [(max(start, low), min(end, high)) for start, end in segments]
    for cut_start, cut_end in taken:
        remaining = [
            part
            for start, end in remaining
            for part in ((start, min(end, cut_start)), (max(start, cut_end), end))
            if part[0] < part[1]
        ]
    return [(start, end) for start, end in remaining if start < end]


def _closed(lane: Lane, static: StaticBodies) -> tuple[Segment, ...]:
    """Return the segments of a lane that bodies close; segments close to each other are merged."""
    lateral_offset = np.abs(static.lateral - lane.laterals_at(static.station))
    inside = lateral_offset < static.half_width + _PATH_HALF_WIDTH
    rear = static.station[inside] - static.half_length[inside]
    front = static.station[inside] + static.half_length[inside]
    closed: list[Segment] = []
    for index in np.argsort(rear):
        start, end = float(rear[index]), float(front[index])
        if closed and start - closed[-1][1] < _MERGE_DISTANCE:
            closed[-1] = closed[-1][0], max(closed[-1][1], end)
        else:
            closed.append((start, end))
    return tuple(closed)
