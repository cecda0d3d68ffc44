"""The true road: a chain of straights and arcs, with lanes beside a reference line.

The reference line starts at ``(0, 0)`` in the world frame. *Station* s [m] runs along it, *lateral*
d [m] is positive to its left. Lane indices grow to the right. Every lane lies at a lateral offset
from the reference line, so stations and lane changes are the same on straights and in curves; the
distance along a lane at offset d is (1 − κ·d) times that along the reference line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from drive_stack import road_kernels
from drive_stack.types import FloatArray


class LaneKind(StrEnum):
    """What a lane is for."""

    MAIN = "main"
    RAMP = "ramp"  # joins from the right: closed by a barrier line up to `opens`


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane. Lateral positions are those of its centre."""

    offset: float  # lateral of the centre from `opens` on [m]
    width: float  # [m]
    start: float  # station where it begins [m]
    end: float  # station where it ends [m]
    kind: LaneKind = LaneKind.MAIN
    opens: float = float("-inf")  # station from which it may be entered and left sideways [m]
    approach: float = 0.0  # how much farther right a ramp lies at its start [m], half a cosine long

    def lateral_at(self, station: float) -> float:
        """Lateral of the centre at a station [m]."""
        if self.approach == 0.0 or station >= self.opens:
            return self.offset
        share = min(max((station - self.start) / (self.opens - self.start), 0.0), 1.0)
        return self.offset - self.approach * 0.5 * (1.0 + float(np.cos(np.pi * share)))

    def laterals_at(self, station: FloatArray) -> FloatArray:
        """Lateral of the centre at many stations [m], same shape."""
        if self.approach == 0.0:
            return np.full(np.shape(station), self.offset)
        share = np.clip((station - self.start) / (self.opens - self.start), 0.0, 1.0)
        ramp = self.offset - self.approach * 0.5 * (1.0 + np.cos(np.pi * share))
        return np.asarray(np.where(station >= self.opens, self.offset, ramp), dtype=np.float64)

    def covers(self, station: float) -> bool:
        """Whether the lane exists at a station."""
        return self.start <= station <= self.end


@dataclass(frozen=True, slots=True)
class RoadMap:
    """A one-way road. Pieces are straights (curvature 0) and arcs, tangent where they meet."""

    piece_station: FloatArray  # (P + 1,) where each piece begins, then the end [m]
    piece_x: FloatArray  # (P,) its first point in the world [m]
    piece_y: FloatArray
    piece_yaw: FloatArray  # (P,) direction there [rad]
    piece_curvature: FloatArray  # (P,) [1/m], positive to the left
    lanes: tuple[Lane, ...]  # from left to right
    left_shoulder: float = 1.0  # paved, beside the leftmost lane [m]
    right_shoulder: float = 3.0

    @property
    def length(self) -> float:
        """Length of the reference line [m]."""
        return float(self.piece_station[-1])

    def piece_at(self, station: FloatArray) -> NDArray[np.intp]:
        """Index of the piece at each station; the first and last go on beyond their ends."""
        index = np.searchsorted(self.piece_station, station, side="right") - 1
        return np.clip(index, 0, len(self.piece_yaw) - 1)

    def curvature_at(self, station: FloatArray) -> FloatArray:
        """Curvature of the reference line [1/m], same shape as ``station``."""
        return np.asarray(self.piece_curvature[self.piece_at(station)], dtype=np.float64)

    @property
    def pieces(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """The reference line as `drive_stack.road_kernels` takes it."""
        return self.piece_station, self.piece_x, self.piece_y, self.piece_yaw, self.piece_curvature

    def to_world(self, station: FloatArray, lateral: FloatArray) -> tuple[FloatArray, FloatArray]:
        """World points ``(..., 2)`` [m] and the reference line's yaw there ``(...,)`` [rad]."""
        if np.shape(station) != np.shape(lateral):
            station, lateral = np.broadcast_arrays(station, lateral)
        # copied, so that the kernel always gets arrays of one and the same layout
        flat = np.array(station, np.float64).reshape(-1), np.array(lateral, np.float64).reshape(-1)
        points, yaw = road_kernels.all_to_world(self.pieces, *flat)
        shape = np.shape(station)
        return points.reshape(*shape, 2), yaw.reshape(shape)

    def to_road(self, x: float, y: float, near: float | None = None) -> tuple[float, float, float]:
        """Station, lateral [m] and the reference line's yaw [rad] abreast of a world point.

        With ``near`` (a recent station) only pieces close to it are looked at, which keeps the
        answer continuous where a road comes near itself.
        """
        if near is None:
            station, lateral, yaw = road_kernels.to_road(self.pieces, x, y, 0, len(self.piece_yaw) - 1)
        else:
            station, lateral, yaw = road_kernels.to_road_near(self.pieces, x, y, near)
        return station, lateral, yaw

    def lane_at(self, station: float, lateral: float) -> int:
        """Index of the lane whose centre is nearest among those that exist there; −1 if none."""
        best, distance = -1, float("inf")
        for index, lane in enumerate(self.lanes):
            if lane.covers(station) and abs(lane.lateral_at(station) - lateral) < distance:
                best, distance = index, abs(lane.lateral_at(station) - lateral)
        return best

    def neighbour(self, index: int, side: int, station: float) -> int:
        """The lane next to ``index`` on the left (side −1) or right (+1) there; −1 if none.

        Adjacent in index, existing at the station, whether or not it may be entered.
        """
        other = index + side
        if 0 <= other < len(self.lanes) and self.lanes[other].covers(station):
            return other
        return -1

    def may_cross(self, index: int, other: int, station: float) -> bool:
        """Whether the line between two neighbouring lanes may be crossed at a station."""
        first, second = self.lanes[index], self.lanes[other]
        return first.covers(station) and second.covers(station) and station >= max(first.opens, second.opens)

    def paved(self, station: float) -> tuple[float, float]:
        """Rightmost and leftmost lateral of the pavement, shoulders and gores included [m].

        Guard rails stand beyond it; there is none in a gore. See `distance_off_drivable` for where a car
        may drive.
        """
        here = [lane for lane in self.lanes if lane.covers(station)]
        right = min(lane.lateral_at(station) - lane.width / 2.0 for lane in here)
        left = max(lane.lateral_at(station) + lane.width / 2.0 for lane in here)
        return right - self.right_shoulder, left + self.left_shoulder

    def distance_off_drivable(self, station: float, lateral: float) -> float:
        """How far a point lies outside the drivable area, across the road [m]; 0 inside it.

        The drivable area is the lanes and the shoulders beside the outermost lanes. The gore between the
        main carriageway and a ramp is paved, but closed to traffic by the edge lines on both sides of it.
        """
        here = [(lane.lateral_at(station), lane.width / 2.0) for lane in self.lanes if lane.covers(station)]
        off_lanes = min(abs(lateral - centre) - half for centre, half in here)
        if off_lanes <= 0.0:
            return 0.0
        if lateral < min(centre for centre, _ in here):
            return max(off_lanes - self.right_shoulder, 0.0)
        if lateral > max(centre for centre, _ in here):
            return max(off_lanes - self.left_shoulder, 0.0)
        return off_lanes


def build_road(
    pieces: tuple[tuple[float, float], ...],
    lanes: tuple[Lane, ...],
    *,
    left_shoulder: float = 1.0,
    right_shoulder: float = 3.0,
) -> RoadMap:
    """Chain ``pieces`` of (length [m], curvature [1/m]) from the origin along +x."""
    station, x, y, yaw = [0.0], [0.0], [0.0], [0.0]
    for length, kappa in pieces:
        turned = kappa * length
        chord = length * float(np.sinc(turned / (2.0 * np.pi)))
        x.append(x[-1] + chord * float(np.cos(yaw[-1] + turned / 2.0)))
        y.append(y[-1] + chord * float(np.sin(yaw[-1] + turned / 2.0)))
        yaw.append(yaw[-1] + turned)
        station.append(station[-1] + length)
    return RoadMap(
        piece_station=np.array(station),
        piece_x=np.array(x[:-1]),
        piece_y=np.array(y[:-1]),
        piece_yaw=np.array(yaw[:-1]),
        piece_curvature=np.array([kappa for _, kappa in pieces], dtype=np.float64),
        lanes=lanes,
        left_shoulder=left_shoulder,
        right_shoulder=right_shoulder,
    )
