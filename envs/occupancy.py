"""Occupied places on the road, so that nothing overlaps when an episode starts or a vehicle appears."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drive_stack.errors import ConfigError
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray

from .overlap import touches_any

_CAPACITY = 64  # initial number of shapes; doubled when full
_CLEARANCE = 0.1  # minimum distance between two bodies [m]
_STEP = 0.25  # between two candidate stations of a search [m]


@dataclass(frozen=True, slots=True)
class ClosedLane:
    """A segment of a lane in which no scripted vehicle may start, as a box in road coordinates [m]."""

    owner: str  # entry of the scenario file, such as ``obstacles.0``
    lane: int  # index
    start: float  # station
    taper_end: float  # station from which the whole lane is closed
    end: float  # station
    right: float  # lateral
    left: float  # lateral

    def overlaps(self, station: float, lateral: float, length: float, width: float) -> bool:
        """Whether a box that is aligned with the road and centred at (station, lateral) overlaps it [m]."""
        in_range = self.start < station + length / 2.0 and station - length / 2.0 < self.end
        return in_range and self.right < lateral + width / 2.0 and lateral - width / 2.0 < self.left


@dataclass(slots=True)
class Occupancy:
    """Oriented boxes and discs on a road, each with its owner.

    An owner is an entry of the scenario file, such as ``actors.0``, or empty.
    """

    road: RoadMap
    start: float = 0.0  # station of the ego's start; error messages give distances from it [m]
    episode: str = ""  # scenario and seed, for error messages
    count: int = 0  # number of shapes
    _owners: list[str] = field(default_factory=list)
    _closed_lanes: list[ClosedLane] = field(default_factory=list)
    _poses: FloatArray = field(default_factory=lambda: np.zeros((_CAPACITY, 3)))  # x, y, yaw
    _sizes: FloatArray = field(default_factory=lambda: np.zeros((3, _CAPACITY)))  # length, width, radius

    def add_shapes(
        self, poses: FloatArray, lengths: FloatArray, widths: FloatArray, radii: FloatArray, owner: str = ""
    ) -> None:
        """Add N shapes; those with a positive radius are discs, the others boxes.

        Args:
            poses: x, y [m] and yaw [rad] of the centres, world frame, shape (N, 3).
            lengths: Box lengths [m], shape (N,).
            widths: Box widths [m], shape (N,).
            radii: Disc radii [m], 0 for boxes, shape (N,).
            owner: The owner of all shapes.
        """
        end = self.count + len(poses)
        self._reserve(end)
        self._poses[self.count : end] = poses
        self._sizes[:, self.count : end] = lengths, widths, radii
        self._owners += [owner] * len(poses)
        self.count = end

    def add_box(self, station: float, lateral: float, length: float, width: float, owner: str = "") -> None:
        """Add a box that is aligned with the road and centred at (station, lateral) [m]."""
        self._add(self._pose(station, lateral), length, width, 0.0, owner)

    def add_disc(self, station: float, lateral: float, radius: float, owner: str = "") -> None:
        """Add a disc at (station, lateral) [m]."""
        self._add(self._pose(station, lateral), 0.0, 0.0, radius, owner)

    def claim_box(self, station: float, lateral: float, length: float, width: float, owner: str) -> None:
        """Add a box as `add_box` does, but only if its place is free.

        Raises:
            ConfigError: If the box touches another owner's shape or overlaps another owner's closed lane.
        """
        pose = self._pose(station, lateral)
        closing = [
            lane.owner for lane in self._closed_lanes if lane.overlaps(station, lateral, length, width)
        ]
        self._require_own([*self._touched_owners(pose, length, width, 0.0), *closing], station, owner)
        self._add(pose, length, width, 0.0, owner)

    @property
    def closed_lanes(self) -> tuple[ClosedLane, ...]:
        """The closed segments of lanes."""
        return tuple(self._closed_lanes)

    def close_lane(self, lane: ClosedLane) -> None:
        """Make `claim_box` reject boxes in a segment of a lane.

        Raises:
            ConfigError: If the segment overlaps one that another owner has closed.
        """
        station, lateral = (lane.start + lane.end) / 2.0, (lane.right + lane.left) / 2.0
        size = lane.end - lane.start, lane.left - lane.right
        overlapping = [other.owner for other in self._closed_lanes if other.overlaps(station, lateral, *size)]
        self._require_own(overlapping, station, lane.owner)
        self._closed_lanes.append(lane)

    def require_free_disc(
        self, station: float, lateral: float, radius: float, owner: str, *, except_owners: str
    ) -> None:
        """Check that a disc [m] touches no shape of another owner.

        Owners whose names start with ``except_owners`` are ignored.

        Raises:
            ConfigError: If it touches one.
        """
        touched = self._touched_owners(self._pose(station, lateral), 0.0, 0.0, radius)
        others = [other for other in touched if not other.startswith(except_owners)]
        self._require_own(others, station, owner)

    def is_box_free(self, station: float, lateral: float, length: float, width: float) -> bool:
        """Whether a box that is aligned with the road has a clearance of 0.1 m to all shapes [m]."""
        grown = length + 2.0 * _CLEARANCE, width + 2.0 * _CLEARANCE
        return self._is_free(self._pose(station, lateral), *grown, 0.0)

    def _is_disc_free(self, station: float, lateral: float, radius: float) -> bool:
        """Whether a disc has a clearance of 0.1 m to all shapes [m]."""
        return self._is_free(self._pose(station, lateral), 0.0, 0.0, radius + _CLEARANCE)

    def free_box_station(self, station: float, lateral: float, length: float, width: float) -> float:
        """Return the first station from ``station`` onwards at which a box is free [m].

        Raises:
            ConfigError: If there is none up to the road's end.
        """
        candidate = station
        while 0.0 <= candidate <= self.road.length:
            if self.is_box_free(candidate, lateral, length, width):
                return candidate
            candidate += _STEP
        raise ConfigError(
            f"no free place for a body of {length:.1f} m at station {station:.0f} m or farther on"
        )

    def free_disc_station(self, station: float, lateral: float, radius: float) -> float:
        """Return the station nearest to ``station`` at which a disc is free [m].

        Raises:
            ConfigError: If there is none.
        """
        for number in range(int(self.road.length / _STEP)):
            for candidate in (station + number * _STEP, station - number * _STEP):
                if self._is_disc_free(candidate, lateral, radius):
                    return candidate
        raise ConfigError(f"no free place for a pedestrian at station {station:.0f} m")

    def _touched_owners(self, pose: FloatArray, length: float, width: float, radius: float) -> list[str]:
        """The owners of all shapes that a shape touches; one entry per touched shape."""
        return [
            owner
            for row, owner in enumerate(self._owners)
            if touches_any(
                pose, length, width, radius, self._poses[row : row + 1], *self._sizes[:, row : row + 1]
            )
        ]

    def _require_own(self, owners: list[str], station: float, owner: str) -> None:
        """Raise `ConfigError` if any of ``owners`` differs from ``owner``."""
        others = [other for other in owners if other != owner]
        if others:
            first, second = sorted((others[0], owner))
            raise ConfigError(
                f"{self.episode}: {first} and {second} overlap {station - self.start:.0f} m ahead of the ego;"
                " give them ranges that never overlap"
            )

    def _pose(self, station: float, lateral: float) -> FloatArray:
        point, yaw = self.road.to_world(np.asarray(station), np.asarray(lateral))
        return np.array([point[0], point[1], float(yaw)])

    def _is_free(self, pose: FloatArray, length: float, width: float, radius: float) -> bool:
        used = slice(0, self.count)
        sizes = self._sizes[:, used]
        return not touches_any(pose, length, width, radius, self._poses[used], sizes[0], sizes[1], sizes[2])

    def _add(self, pose: FloatArray, length: float, width: float, radius: float, owner: str) -> None:
        self._reserve(self.count + 1)
        self._owners.append(owner)
        self._poses[self.count], self._sizes[:, self.count] = pose, (length, width, radius)
        self.count += 1

    def _reserve(self, count: int) -> None:
        while count > len(self._poses):
            self._poses = np.concatenate([self._poses, np.zeros_like(self._poses)])
            self._sizes = np.concatenate([self._sizes, np.zeros_like(self._sizes)], axis=1)
