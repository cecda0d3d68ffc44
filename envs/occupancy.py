"""Which places are taken: everything that an episode begins with is put on the road through this."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from drive_stack.config import ConfigError
from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray
from envs.overlap import touches_any

_CAPACITY = 64  # shapes at first; doubled when full
_CLEARANCE = 0.1  # between two bodies [m]
_STEP = 0.25  # along the road from one candidate place to the next [m]


@dataclass(slots=True)
class Occupancy:
    """Oriented boxes and discs on a road."""

    road: RoadMap
    count: int = 0
    _poses: FloatArray = field(default_factory=lambda: np.zeros((_CAPACITY, 3)))  # x, y, yaw
    _sizes: FloatArray = field(default_factory=lambda: np.zeros((3, _CAPACITY)))  # length, width, radius

    def add_shapes(
        self, poses: FloatArray, lengths: FloatArray, widths: FloatArray, radii: FloatArray
    ) -> None:
        """Take the places of shapes, poses ``(N, 3)`` x, y, yaw in the world; a positive radius is a disc."""
        end = self.count + len(poses)
        self._reserve(end)
        self._poses[self.count : end] = poses
        self._sizes[:, self.count : end] = lengths, widths, radii
        self.count = end

    def add_box(self, station: float, lateral: float, length: float, width: float) -> None:
        """Take the place of a box along the road whose centre is at a station and lateral [m]."""
        self._add(self._pose(station, lateral), length, width, 0.0)

    def add_disc(self, station: float, lateral: float, radius: float) -> None:
        """Take the place of a disc [m]."""
        self._add(self._pose(station, lateral), 0.0, 0.0, radius)

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

    def _pose(self, station: float, lateral: float) -> FloatArray:
        point, yaw = self.road.to_world(np.asarray(station), np.asarray(lateral))
        return np.array([point[0], point[1], float(yaw)])

    def _is_free(self, pose: FloatArray, length: float, width: float, radius: float) -> bool:
        known = slice(0, self.count)
        sizes = self._sizes[:, known]
        return not touches_any(pose, length, width, radius, self._poses[known], sizes[0], sizes[1], sizes[2])

    def _add(self, pose: FloatArray, length: float, width: float, radius: float) -> None:
        self._reserve(self.count + 1)
        self._poses[self.count], self._sizes[:, self.count] = pose, (length, width, radius)
        self.count += 1

    def _reserve(self, count: int) -> None:
        while count > len(self._poses):
            self._poses = np.concatenate([self._poses, np.zeros_like(self._poses)])
            self._sizes = np.concatenate([self._sizes, np.zeros_like(self._sizes)], axis=1)
