"""Plane geometry: angles, frames, oriented boxes and coordinates along a lane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba.extending import register_jitable

from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray, LanePath


def wrap_angle(angle: float) -> float:
    """Bring an angle [rad] into [−π, π)."""
    return float((angle + np.pi) % (2.0 * np.pi) - np.pi)


def wrap_angles(angles: FloatArray) -> FloatArray:
    """Bring angles [rad] of any shape into [−π, π)."""
    return np.asarray((angles + np.pi) % (2.0 * np.pi) - np.pi, dtype=np.float64)


def rotation(yaw: float) -> FloatArray:
    """The (2, 2) matrix that turns a vector by ``yaw`` [rad] counter-clockwise."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.array([[cos, -sin], [sin, cos]], dtype=np.float64)


def to_local(points: FloatArray, origin: FloatArray, yaw: float) -> FloatArray:
    """Transform world points ``(..., 2)`` [m] to the frame at ``origin`` (2,) with yaw ``yaw`` [rad]."""
    return np.asarray((points - origin) @ rotation(yaw), dtype=np.float64)


def to_world(points: FloatArray, origin: FloatArray, yaw: float) -> FloatArray:
    """Transform points ``(..., 2)`` of the frame at ``origin`` with orientation ``yaw`` to the world."""
    return np.asarray(points @ rotation(yaw).T + origin, dtype=np.float64)


def box_corners(centre: FloatArray, yaw: float, length: float, width: float) -> FloatArray:
    """Corners ``(4, 2)`` of an oriented box, counter-clockwise from the front left."""
    half = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    return to_world(half * np.array([length / 2.0, width / 2.0]), centre, yaw)


def extents(length: FloatArray, width: FloatArray, yaw: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Extents of boxes along and across the direction from which ``yaw`` [rad] is measured [m].

    Compiled code can call it with numbers.
    """
    cos, sin = np.abs(np.cos(yaw)), np.abs(np.sin(yaw))
    return length * cos + width * sin, length * sin + width * cos


register_jitable(extents)


@kernel()
def _nearest_samples(samples, points):  # type: ignore[no-untyped-def]
    """Index (N,) of the nearest of ``samples`` (M, 2) for each of ``points`` (N, 2), the first of equals."""
    nearest = np.zeros(points.shape[0], dtype=np.int64)
    for point in range(points.shape[0]):
        lowest = np.inf
        for sample in range(samples.shape[0]):
            dx, dy = points[point, 0] - samples[sample, 0], points[point, 1] - samples[sample, 1]
            squared = dx * dx + dy * dy
            if squared < lowest:
                lowest, nearest[point] = squared, sample
    return nearest


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """A lane's centre line for Frenet coordinates: station s along it, lateral d positive to its left.

    The line is linear between its samples and straight before its start. `reference_line` extends its end
    with the last curvature.
    """

    station: FloatArray  # (M,) [m], increasing
    xy: FloatArray  # (M, 2) [m]
    heading: FloatArray  # (M,) [rad], continuous
    curvature: FloatArray  # (M,) [1/m]

    def to_frenet(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Station and lateral, each ``(...,)`` [m], of points ``(..., 2)`` [m]."""
        flat = points.reshape(-1, 2)
        nearest = _nearest_samples(self.xy, flat)
        along = self.heading[nearest]
        ahead = flat - self.xy[nearest]
        cos, sin = np.cos(along), np.sin(along)
        step = ahead[:, 0] * cos + ahead[:, 1] * sin
        left = ahead[:, 1] * cos - ahead[:, 0] * sin
        # second order: the line deviates from its tangent by κ·step²/2
        lateral = left - 0.5 * self.curvature[nearest] * step**2
        station = self.station[nearest] + step / np.maximum(1.0 - self.curvature[nearest] * lateral, 0.2)
        return station.reshape(points.shape[:-1]), lateral.reshape(points.shape[:-1])

    def to_plane(self, station: FloatArray, lateral: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points ``(..., 2)`` [m] and the line's heading ``(...,)`` [rad] at stations and laterals."""
        heading = self.heading_at(station)
        before = np.minimum(station - self.station[0], 0.0)
        x = np.interp(station, self.station, self.xy[:, 0]) + before * np.cos(heading)
        y = np.interp(station, self.station, self.xy[:, 1]) + before * np.sin(heading)
        return np.stack([x - lateral * np.sin(heading), y + lateral * np.cos(heading)], axis=-1), heading

    def heading_at(self, station: FloatArray) -> FloatArray:
        """Heading [rad] at stations of any shape."""
        return np.asarray(np.interp(station, self.station, self.heading), dtype=np.float64)

    def curvature_at(self, station: FloatArray) -> FloatArray:
        """Curvature [1/m] at stations of any shape."""
        return np.asarray(np.interp(station, self.station, self.curvature), dtype=np.float64)


def reference_line(path: LanePath, max_station: float = 220.0, step: float = 2.0) -> ReferenceLine:
    """The Frenet reference of a lane path, extended to ``max_station`` [m] in steps of ``step`` [m].

    The extension is an arc with the heading and curvature of the last point of the path.
    """
    jumps = bool((np.abs(np.diff(path.heading)) >= np.pi).any())
    heading = np.unwrap(path.heading) if jumps else path.heading  # numpy takes long to find nothing
    missing = max_station - float(path.station[-1])
    if missing <= 0.0:
        return ReferenceLine(path.station, path.xy, heading, path.curvature)
    along = np.arange(step, missing + step, step)
    kappa, yaw0 = float(path.curvature[-1]), float(heading[-1])
    turned = kappa * along
    chord = along * np.sinc(turned / (2.0 * np.pi))
    direction = yaw0 + turned / 2.0
    beyond = path.xy[-1] + np.stack([chord * np.cos(direction), chord * np.sin(direction)], axis=1)
    return ReferenceLine(
        station=np.concatenate([path.station, path.station[-1] + along]),
        xy=np.concatenate([path.xy, beyond]),
        heading=np.concatenate([heading, yaw0 + turned]),
        curvature=np.concatenate([path.curvature, np.full(len(along), kappa)]),
    )
