"""Compiled conversion between road coordinates and the world frame.

The ``pieces`` of a road are a tuple: stations (P + 1,) [m], then x, y [m], yaw [rad] and curvature [1/m] of
the first point of each piece, each (P,). See `drive_stack.road_map.RoadMap`.
"""

from __future__ import annotations

import math

import numpy as np

from drive_stack.support.kernels import kernel


@kernel()
def piece_at(pieces, station):  # type: ignore[no-untyped-def]
    """Index of the piece at a station [m]. The first and last pieces extend beyond their ends."""
    last = pieces[3].shape[0] - 1
    return min(max(np.searchsorted(pieces[0], station, side="right") - 1, 0), last)


@kernel()
def to_world(pieces, station, lateral):  # type: ignore[no-untyped-def]
    """World x, y [m] and yaw of the reference line [rad] at a station and lateral [m]."""
    piece = piece_at(pieces, station)
    along, yaw0 = station - pieces[0][piece], pieces[3][piece]
    half = pieces[4][piece] * along / 2.0
    yaw = yaw0 + 2.0 * half
    # exact on arcs and continuous at curvature 0
    chord = along * (math.sin(half) / half if half != 0.0 else 1.0)
    x = pieces[1][piece] + chord * math.cos(yaw0 + half) - lateral * math.sin(yaw)
    y = pieces[2][piece] + chord * math.sin(yaw0 + half) + lateral * math.cos(yaw)
    return x, y, yaw


@kernel()
def all_to_world(pieces, station, lateral):  # type: ignore[no-untyped-def]
    """`to_world` of N stations and laterals: points (N, 2) and yaw (N,)."""
    points, yaws = np.empty((station.shape[0], 2)), np.empty(station.shape[0])
    for i in range(station.shape[0]):
        points[i, 0], points[i, 1], yaws[i] = to_world(pieces, station[i], lateral[i])
    return points, yaws


@kernel()
def to_road(pieces, x, y, first, last):  # type: ignore[no-untyped-def]
    """Station, lateral [m] and yaw of the reference line [rad] at the projection of a world point.

    Only the pieces ``first`` … ``last`` are searched.
    """
    starts, xs, ys, yaws, curvatures = pieces
    best, count = (np.inf, 0.0, 0.0, 0.0), yaws.shape[0]
    for piece in range(first, last + 1):
        cos, sin, curvature = math.cos(yaws[piece]), math.sin(yaws[piece]), curvatures[piece]
        dx, dy = x - xs[piece], y - ys[piece]
        along, left = dx * cos + dy * sin, dy * cos - dx * sin
        if curvature != 0.0:
            sign, radius = math.copysign(1.0, curvature), 1.0 / curvature
            ahead, inwards = along, radius - left
            along = math.atan2(sign * ahead, sign * inwards) * radius
            left = radius - sign * math.hypot(ahead, inwards)
        low = 0.0 if piece > 0 else -np.inf
        high = starts[piece + 1] - starts[piece] if piece < count - 1 else np.inf
        distance = abs(along - min(max(along, low), high)) + abs(left)
        if distance < best[0]:
            best = (distance, starts[piece] + along, left, yaws[piece] + curvature * along)
    return best[1], best[2], best[3]


@kernel()
def to_road_near(pieces, x, y, near):  # type: ignore[no-untyped-def]
    """`to_road`, restricted to the piece at the station ``near`` [m] and its two neighbours."""
    nearest, last = piece_at(pieces, near), pieces[3].shape[0] - 1
    return to_road(pieces, x, y, max(nearest - 1, 0), min(nearest + 1, last))


@kernel()
def grade_at(grades, station):  # type: ignore[no-untyped-def]
    """Grade (rise over run) at a station [m].

    ``grades`` holds the stations where vertical curves begin or end [m], the grades there, and their changes
    per metre [1/m], (V,) each. See `drive_stack.road.vertical_profile.VerticalProfile`.
    """
    starts, slopes, curvatures = grades
    piece = max(np.searchsorted(starts, station, side="right") - 1, 0)
    return slopes[piece] + curvatures[piece] * (station - starts[piece])
