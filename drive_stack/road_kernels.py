"""Compiled: between a road's own coordinates and the world's.

A road's ``pieces`` are its stations (P + 1,), then x, y [m], yaw [rad] and curvature [1/m] of each
piece's first point (P,); see `drive_stack.road_map.RoadMap`.
"""

from __future__ import annotations

import math

import numba
import numpy as np


@numba.njit(cache=True)
def piece_of(pieces, station):  # type: ignore[no-untyped-def]
    """The piece at a station; the first and last go on beyond their ends."""
    last = pieces[3].shape[0] - 1
    return min(max(np.searchsorted(pieces[0], station, side="right") - 1, 0), last)


@numba.njit(cache=True)
def to_world(pieces, station, lateral):  # type: ignore[no-untyped-def]
    """World x, y [m] and the reference line's yaw [rad]."""
    piece = piece_of(pieces, station)
    along, yaw0 = station - pieces[0][piece], pieces[3][piece]
    half = pieces[4][piece] * along / 2.0
    yaw = yaw0 + 2.0 * half
    # exact on arcs and smooth through curvature 0
    chord = along * (math.sin(half) / half if half != 0.0 else 1.0)
    x = pieces[1][piece] + chord * math.cos(yaw0 + half) - lateral * math.sin(yaw)
    y = pieces[2][piece] + chord * math.sin(yaw0 + half) + lateral * math.cos(yaw)
    return x, y, yaw


@numba.njit(cache=True)
def all_to_world(pieces, station, lateral):  # type: ignore[no-untyped-def]
    """`to_world` of many: points (N, 2) and yaw (N,)."""
    points, yaws = np.empty((station.shape[0], 2)), np.empty(station.shape[0])
    for i in range(station.shape[0]):
        points[i, 0], points[i, 1], yaws[i] = to_world(pieces, station[i], lateral[i])
    return points, yaws


@numba.njit(cache=True)
def to_road(pieces, x, y, first, last):  # type: ignore[no-untyped-def]
    """Station, lateral [m] and the reference line's yaw [rad] abreast of a world point.

    Only the pieces ``first`` … ``last`` are looked at.
    """
    starts, xs, ys, yaws, bends = pieces
    best, count = (np.inf, 0.0, 0.0, 0.0), yaws.shape[0]
    for piece in range(first, last + 1):
        cos, sin, bend = math.cos(yaws[piece]), math.sin(yaws[piece]), bends[piece]
        dx, dy = x - xs[piece], y - ys[piece]
        along, left = dx * cos + dy * sin, dy * cos - dx * sin
        if bend != 0.0:
            sign, radius = math.copysign(1.0, bend), 1.0 / bend
            ahead, inwards = along, radius - left
            along = math.atan2(sign * ahead, sign * inwards) * radius
            left = radius - sign * math.hypot(ahead, inwards)
        low = 0.0 if piece > 0 else -np.inf
        high = starts[piece + 1] - starts[piece] if piece < count - 1 else np.inf
        distance = abs(along - min(max(along, low), high)) + abs(left)
        if distance < best[0]:
            best = (distance, starts[piece] + along, left, yaws[piece] + bend * along)
    return best[1], best[2], best[3]


@numba.njit(cache=True)
def to_road_near(pieces, x, y, near):  # type: ignore[no-untyped-def]
    """`to_road`, looking only at the piece at the station ``near`` and those beside it."""
    here, last = piece_of(pieces, near), pieces[3].shape[0] - 1
    return to_road(pieces, x, y, max(here - 1, 0), min(here + 1, last))
