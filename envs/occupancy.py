"""Which places are taken: everything that an episode begins with is put on the road through this."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drive_stack.errors import ConfigError
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray
from envs.overlap import touches_any

_CAPACITY = 64  # shapes at first; doubled when full
_CLEARANCE = 0.1  # between two bodies [m]
_STEP = 0.25  # along the road from one candidate place to the next [m]


@dataclass(frozen=True, slots=True)
class ClosedLane:
    """A stretch of lane in which no scripted vehicle may begin, on the road [m]."""

    owner: str
    begin: float
    end: float
    right: float
    left: float

    def meets(self, station: float, lateral: float, length: float, width: float) -> bool:
        """Whether a box along the road reaches into it."""
        along = self.begin < station + length / 2.0 and station - length / 2.0 < self.end
        return along and self.right < lateral + width / 2.0 and lateral - width / 2.0 < self.left


@dataclass(slots=True)
class Occupancy:
    """Oriented boxes and discs on a road, each with its owner, such as ``actors.0`` of a scenario file."""

    road: RoadMap
    start: float = 0.0  # station of the ego's start, from which messages count [m]
    episode: str = ""  # scenario and seed, for messages
    count: int = 0
    _owners: list[str] = field(default_factory=list)
    _closed: list[ClosedLane] = field(default_factory=list)
    _poses: FloatArray = field(default_factory=lambda: np.zeros((_CAPACITY, 3)))  # x, y, yaw
    _sizes: FloatArray = field(default_factory=lambda: np.zeros((3, _CAPACITY)))  # length, width, radius

    def add_shapes(
        self, poses: FloatArray, lengths: FloatArray, widths: FloatArray, radii: FloatArray, owner: str = ""
    ) -> None:
        """Take the places of shapes, poses ``(N, 3)`` x, y, yaw in the world; a positive radius is a disc."""
        end = self.count + len(poses)
        self._reserve(end)
        self._poses[self.count : end] = poses
        self._sizes[:, self.count : end] = lengths, widths, radii
        self._owners += [owner] * len(poses)
        self.count = end

    def add_box(self, station: float, lateral: float, length: float, width: float, owner: str = "") -> None:
        """Take the place of a box along the road whose centre is at a station and lateral [m]."""
        self._add(self._pose(station, lateral), length, width, 0.0, owner)

    def add_disc(self, station: float, lateral: float, radius: float, owner: str = "") -> None:
        """Take the place of a disc [m]."""
        self._add(self._pose(station, lateral), 0.0, 0.0, radius, owner)

    def claim_box(self, station: float, lateral: float, length: float, width: float, owner: str) -> None:
        """Take the place of a box that may stand nowhere else.

        Raises `ConfigError` where another owner has it, or has closed the lane.
        """
        pose = self._pose(station, lateral)
        closed = [lane.owner for lane in self._closed if lane.meets(station, lateral, length, width)]
        self._refuse([*self._touched(pose, length, width, 0.0), *closed], station, owner)
        self._add(pose, length, width, 0.0, owner)

    def close_lane(self, lane: ClosedLane) -> None:
        """Have `claim_box` refuse a stretch too; `ConfigError` where another owner has closed it."""
        middle, centre = (lane.begin + lane.end) / 2.0, (lane.right + lane.left) / 2.0
        size = lane.end - lane.begin, lane.left - lane.right
        self._refuse(
            [other.owner for other in self._closed if other.meets(middle, centre, *size)], middle, lane.owner
        )
        self._closed.append(lane)

    def refuse_disc(self, station: float, lateral: float, radius: float, owner: str, *, but: str) -> None:
        """Raise `ConfigError` where a disc touches another owner's shape, ``but`` for owners named so."""
        touched = self._touched(self._pose(station, lateral), 0.0, 0.0, radius)
        self._refuse([other for other in touched if not other.startswith(but)], station, owner)

    def box_is_free(self, station: float, lateral: float, length: float, width: float) -> bool:
        """Whether a box along the road would touch nothing."""
        grown = length + 2.0 * _CLEARANCE, width + 2.0 * _CLEARANCE
        return self._is_free(self._pose(station, lateral), *grown, 0.0)

    def disc_is_free(self, station: float, lateral: float, radius: float) -> bool:
        """Whether a disc would touch nothing."""
        return self._is_free(self._pose(station, lateral), 0.0, 0.0, radius + _CLEARANCE)

    def free_box_station(
        self, station: float, lateral: float, length: float, width: float, *, forwards: bool = True
    ) -> float:
        """The first station from ``station`` on, or back, where a box is free; `ConfigError` if none is."""
        step = _STEP if forwards else -_STEP
        place = station
        while 0.0 <= place <= self.road.length:
            if self.box_is_free(place, lateral, length, width):
                return place
            place += step
        raise ConfigError(
            f"no free place for a body of {length:.1f} m at station {station:.0f} m or farther on"
        )

    def free_disc_station(self, station: float, lateral: float, radius: float) -> float:
        """The station nearest to ``station`` where a disc is free; `ConfigError` if none is."""
        for number in range(int(self.road.length / _STEP)):
            for place in (station + number * _STEP, station - number * _STEP):
                if self.disc_is_free(place, lateral, radius):
                    return place
        raise ConfigError(f"no free place for a person at station {station:.0f} m")

    def _touched(self, pose: FloatArray, length: float, width: float, radius: float) -> list[str]:
        """The owners of all shapes that a shape touches."""
        return [
            owner
            for row, owner in enumerate(self._owners)
            if touches_any(
                pose, length, width, radius, self._poses[row : row + 1], *self._sizes[:, row : row + 1]
            )
        ]

    def _refuse(self, touched: list[str], station: float, owner: str) -> None:
        others = [other for other in touched if other != owner]
        if others:
            one, other = sorted((others[0], owner))
            raise ConfigError(
                f"{self.episode}: {one} and {other} overlap {station - self.start:.0f} m ahead of the ego; "
                "give them ranges that never meet"
            )

    def _pose(self, station: float, lateral: float) -> FloatArray:
        point, yaw = self.road.to_world(np.asarray(station), np.asarray(lateral))
        return np.array([point[0], point[1], float(yaw)])

    def _is_free(self, pose: FloatArray, length: float, width: float, radius: float) -> bool:
        known = slice(0, self.count)
        sizes = self._sizes[:, known]
        return not touches_any(pose, length, width, radius, self._poses[known], sizes[0], sizes[1], sizes[2])

    def _add(self, pose: FloatArray, length: float, width: float, radius: float, owner: str) -> None:
        self._reserve(self.count + 1)
        self._owners.append(owner)
        self._poses[self.count], self._sizes[:, self.count] = pose, (length, width, radius)
        self.count += 1

    def _reserve(self, count: int) -> None:
        while count > len(self._poses):
            self._poses = np.concatenate([self._poses, np.zeros_like(self._poses)])
            self._sizes = np.concatenate([self._sizes, np.zeros_like(self._sizes)], axis=1)
