"""Overlap of convex polygons, as a second way to compute what the tests check."""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray


def boxes_overlap(first: FloatArray, second: FloatArray) -> bool:
    """Whether two convex polygons, each ``(N, 2)`` in order, share a point (separating axis theorem)."""
    for polygon in (first, second):
        edges = np.roll(polygon, -1, axis=0) - polygon
        normals = np.stack([-edges[:, 1], edges[:, 0]], axis=1)
        a, b = first @ normals.T, second @ normals.T
        if np.any((a.max(axis=0) < b.min(axis=0)) | (b.max(axis=0) < a.min(axis=0))):
            return False
    return True
