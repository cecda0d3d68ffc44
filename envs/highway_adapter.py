"""Converts roads and vehicles of highway-env into this project's arrays.

highway-env's y axis points to the right (down the screen) and its yaw is clockwise. This module is the only
one that converts between the two frames.
"""

from __future__ import annotations

import numpy as np
from highway_env.road.road import Road

from drive_stack.types import FloatArray

from .traffic.stock import STOCK_VEHICLE, StockTraffic


def flip(points: FloatArray) -> FloatArray:
    """Convert points, shape (..., 2), from either frame to the other [m]."""
    return np.asarray(points * np.array([1.0, -1.0]), dtype=np.float64)


def stock_traffic(road: Road) -> StockTraffic:
    """Return the IDM vehicles of a straight highway-env road from node "0" to node "1" as arrays."""
    lanes = road.network.graph["0"]["1"]
    rows = np.zeros(len(road.vehicles), dtype=STOCK_VEHICLE)
    for row, vehicle in zip(rows, road.vehicles, strict=True):
        row["x"], row["y"] = flip(vehicle.position)
        row["heading"], row["speed"] = -vehicle.heading, vehicle.speed
        row["target_speed"], row["delta"], row["timer"] = vehicle.target_speed, vehicle.DELTA, vehicle.timer
        row["lane"], row["target_lane"] = vehicle.lane_index[2], vehicle.target_lane_index[2]
    first = lanes[0]
    return StockTraffic(rows, len(lanes), first.width, float(first.length), first.speed_limit)
