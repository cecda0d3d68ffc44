"""The ground-truth road: a chain of straights and arcs, with lanes at offsets from a reference line.

The reference line starts at ``(0, 0)`` in the world frame. *Station* s [m] runs along it, *lateral*
d [m] is positive to its left. Lane indices grow to the right. Every lane lies at a lateral offset
from the reference line, so stations and lane changes are the same on straights and in curves. The
length of a lane at offset d is (1 − κ·d) times that of the reference line. Positions and lengths are those of
the plan view, heights are in the vertical profile.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from drive_stack.road import kernels
from drive_stack.road.vertical_profile import LEVEL, VerticalProfile
from drive_stack.types import FloatArray


class LaneKind(StrEnum):
    """Purpose of a lane."""

    MAIN = "main"
    RAMP = "ramp"  # merges from the right; a barrier line closes it up to `opens`


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane. Lateral positions are those of its centre."""

    offset: float  # lateral of the centre from `opens` on [m]
    width: float  # [m]
    start: float  # station of its start [m]
    end: float  # station of its end [m]
    kind: LaneKind = LaneKind.MAIN
    opens: float = float("-inf")  # station from which lane changes to and from it are allowed [m]
    approach: float = 0.0  # offset to the right at a ramp's start, then along half a cosine [m]

    def lateral_at(self, station: float) -> float:
        """Lateral of the centre at a station [m]."""
        if self.approach == 0.0 or station >= self.opens:
            return self.offset
        fraction = min(max((station - self.start) / (self.opens - self.start), 0.0), 1.0)
        return self.offset - self.approach * 0.5 * (1.0 + float(np.cos(np.pi * fraction)))

    def laterals_at(self, station: FloatArray) -> FloatArray:
        """Lateral of the centre at many stations [m], same shape."""
        if self.approach == 0.0:
            return np.full(np.shape(station), self.offset)
        fraction = np.clip((station - self.start) / (self.opens - self.start), 0.0, 1.0)
        ramp = self.offset - self.approach * 0.5 * (1.0 + np.cos(np.pi * fraction))
        return np.asarray(np.where(station >= self.opens, self.offset, ramp), dtype=np.float64)

    def covers(self, station: float) -> bool:
        """Whether the lane exists at a station."""
        return self.start <= station <= self.end


@dataclass(frozen=True, slots=True)
class RoadMap:
    """A one-way road of straights (curvature 0) and arcs, joined without a kink."""

    piece_station: FloatArray  # (P + 1,) start of each piece, then the end of the road [m]
    piece_x: FloatArray  # (P,) first point in the world [m]
    piece_y: FloatArray
    piece_yaw: FloatArray  # (P,) at the first point [rad]
    piece_curvature: FloatArray  # (P,) [1/m], positive to the left
    lanes: tuple[Lane, ...]  # from left to right
    left_shoulder: float = 1.0  # paved width left of the leftmost lane [m]
    right_shoulder: float = 3.0  # paved width right of the rightmost lane [m]
    profile: VerticalProfile = LEVEL

    @property
    def length(self) -> float:
        """Length of the reference line [m]."""
        return float(self.piece_station[-1])

    def piece_at(self, station: FloatArray) -> NDArray[np.intp]:
        """Index of the piece at each station. The first and last pieces extend beyond their ends."""
        index = np.searchsorted(self.piece_station, station, side="right") - 1
        return np.clip(index, 0, len(self.piece_yaw) - 1)

    def curvature_at(self, station: FloatArray) -> FloatArray:
        """Curvature of the reference line [1/m], same shape as ``station``."""
        return np.asarray(self.piece_curvature[self.piece_at(station)], dtype=np.float64)

    @property
    def pieces(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """The reference line in the form that `drive_stack.road.kernels` takes."""
        return self.piece_station, self.piece_x, self.piece_y, self.piece_yaw, self.piece_curvature

    def to_world(self, station: FloatArray, lateral: FloatArray) -> tuple[FloatArray, FloatArray]:
        """World points ``(..., 2)`` [m] and yaw of the reference line ``(...,)`` [rad]."""
        if np.shape(station) != np.shape(lateral):
            station, lateral = np.broadcast_arrays(station, lateral)
        # copied, so that the kernel always receives arrays of the same memory layout
        flat = np.array(station, np.float64).reshape(-1), np.array(lateral, np.float64).reshape(-1)
        points, yaw = kernels.all_to_world(self.pieces, *flat)
        shape = np.shape(station)
        return points.reshape(*shape, 2), yaw.reshape(shape)

    def to_space(self, station: FloatArray, lateral: FloatArray, above: FloatArray | float) -> FloatArray:
        """World points (..., 3) [m] at heights ``above`` the road [m]; the arguments broadcast."""
        station, lateral, above = np.broadcast_arrays(station, lateral, above)
        flat, _ = self.to_world(station, lateral)
        height = above if self.profile.is_level else above + self.profile.height_at(station)
        return np.concatenate([flat, height[..., None]], axis=-1)

    def ground_under(self, x: FloatArray, y: FloatArray, yaw: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Height [m] of the ground at world points ``x, y`` (N,) [m], and its slope along ``yaw`` (N,) [rad].

        The slope is rise over run, positive if the ground rises in that direction.
        """
        if self.profile.is_level:
            return np.zeros(len(x)), np.zeros(len(x))
        points = zip(x.tolist(), y.tolist(), strict=True)
        station, _, along = np.array([self.to_road(*point) for point in points]).reshape(-1, 3).T
        return self.profile.height_at(station), self.profile.grade_at(station) * np.cos(yaw - along)

    def to_road(self, x: float, y: float, near: float | None = None) -> tuple[float, float, float]:
        """Station, lateral [m] and yaw of the reference line [rad] at the projection of a world point.

        With ``near`` (a recent station [m]) only the pieces close to it are searched. The result is then
        continuous where two parts of a road are close to each other.
        """
        if near is None:
            station, lateral, yaw = kernels.to_road(self.pieces, x, y, 0, len(self.piece_yaw) - 1)
        else:
            station, lateral, yaw = kernels.to_road_near(self.pieces, x, y, near)
        return station, lateral, yaw

    def lane_at(self, station: float, lateral: float) -> int:
        """Index of the existing lane whose centre is nearest; −1 if there is none."""
        best, nearest = -1, float("inf")
        for index, lane in enumerate(self.lanes):
            if lane.start <= station <= lane.end:
                distance = abs(lane.lateral_at(station) - lateral)
                if distance < nearest:
                    best, nearest = index, distance
        return best

    def adjacent_lane(self, index: int, side: int, station: float) -> int:
        """Index of the lane on the left (side −1) or right (+1) of lane ``index``; −1 if there is none.

        The lane exists at the station, but it need not be allowed to enter it: see `may_cross`.
        """
        other = index + side
        if 0 <= other < len(self.lanes) and self.lanes[other].covers(station):
            return other
        return -1

    def may_cross(self, index: int, other: int, station: float) -> bool:
        """Whether the line between two adjacent lanes may be crossed at a station."""
        first, second = self.lanes[index], self.lanes[other]
        return first.covers(station) and second.covers(station) and station >= max(first.opens, second.opens)

    def _centres_and_half_widths(self, station: float) -> list[tuple[float, float]]:
        """Lateral of the centre and half the width of each lane that exists at a station [m]."""
        return [
            (lane.lateral_at(station), lane.width / 2.0)
            for lane in self.lanes
            if lane.start <= station <= lane.end
        ]

    def paved(self, station: float) -> tuple[float, float]:
        """Rightmost and leftmost lateral of the pavement, shoulders and gores included [m].

        Guard rails stand outside the pavement, except in a gore, which has none. See `distance_off_drivable`
        for the area where a car may drive.
        """
        lanes = self._centres_and_half_widths(station)
        right = min([centre - half for centre, half in lanes])
        left = max([centre + half for centre, half in lanes])
        return right - self.right_shoulder, left + self.left_shoulder

    def distance_off_drivable(self, station: float, lateral: float) -> float:
        """Lateral distance of a point from the drivable area [m]; 0 inside it.

        The drivable area consists of the lanes and of the shoulders next to the outermost lanes. The gore
        between the main carriageway and a ramp is paved, but the edge lines on both sides close it to
        traffic.
        """
        lanes = self._centres_and_half_widths(station)
        off_lanes = min([abs(lateral - centre) - half for centre, half in lanes])
        if off_lanes <= 0.0:
            return 0.0
        if lateral < min(centre for centre, _ in lanes):
            return max(off_lanes - self.right_shoulder, 0.0)
        if lateral > max(centre for centre, _ in lanes):
            return max(off_lanes - self.left_shoulder, 0.0)
        return off_lanes


def build_road(
    pieces: tuple[tuple[float, float], ...],
    lanes: tuple[Lane, ...],
    *,
    left_shoulder: float = 1.0,
    right_shoulder: float = 3.0,
    profile: VerticalProfile = LEVEL,
) -> RoadMap:
    """Build a road from ``pieces`` of (length [m], curvature [1/m]), starting at the origin along +x."""
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
        profile=profile,
    )
