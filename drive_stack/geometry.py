"""Pure plane geometry: angles, frames and oriented boxes."""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray


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
    """World points ``(..., 2)`` in the frame at ``origin`` (2,) that is turned by ``yaw``."""
    return np.asarray((points - origin) @ rotation(yaw), dtype=np.float64)


def to_world(points: FloatArray, origin: FloatArray, yaw: float) -> FloatArray:
    """Points ``(..., 2)`` of the frame at ``origin`` turned by ``yaw``, in the world; undoes `to_local`."""
    return np.asarray(points @ rotation(yaw).T + origin, dtype=np.float64)


def box_corners(centre: FloatArray, yaw: float, length: float, width: float) -> FloatArray:
    """Corners ``(4, 2)`` of an oriented box, counter-clockwise from the front left."""
    half = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    return to_world(half * np.array([length / 2.0, width / 2.0]), centre, yaw)


def boxes_overlap(first: FloatArray, second: FloatArray) -> bool:
    """Whether two convex polygons, each ``(N, 2)`` in order, share a point (separating axes)."""
    for polygon in (first, second):
        edges = np.roll(polygon, -1, axis=0) - polygon
        normals = np.stack([-edges[:, 1], edges[:, 0]], axis=1)
        a, b = first @ normals.T, second @ normals.T
        if np.any((a.max(axis=0) < b.min(axis=0)) | (b.max(axis=0) < a.min(axis=0))):
            return False
    return True
