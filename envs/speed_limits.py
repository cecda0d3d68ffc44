"""Posted speed limits along a road: a general limit, lower ones in zones and in sharp curves."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray

CURVE_GRIP_FRACTION = 0.32  # fraction of the grip that is used in a curve at its limit
CURVE_WARNING_DISTANCE = 80.0  # from the start of a curve's limit to the start of the curve [m]
_STEP_KMH = 10.0
_MIN_KMH = 30.0


@dataclass(frozen=True, slots=True)
class SpeedLimits:
    """Piecewise constant limits; ``limit[i]`` applies from ``station[i]`` to ``station[i + 1]``."""

    station: FloatArray  # increasing; the first limit also applies before its station [m], (K,)
    limit: FloatArray  # [m/s], (K,)

    def at(self, station: float) -> float:
        """Return the limit at a station [m]; in m/s."""
        index = bisect_right(self.station, station) - 1
        return float(self.limit[max(index, 0)])


def posted_limit(speed: float) -> float:
    """Return the highest limit that a sign can show and that does not exceed ``speed`` [m/s]; in m/s.

    Signs show multiples of 10 km/h, at least 30 km/h.
    """
    return max(math.floor(speed * 3.6 / _STEP_KMH + 1e-9) * _STEP_KMH, _MIN_KMH) / 3.6


def curve_limit(curvature: float, grip: float) -> float:
    """Return the posted limit of a curve [m/s].

    Args:
        curvature: Curvature of the road, positive [1/m].
        grip: Maximum acceleration that the tyres transmit [m/s²].
    """
    return posted_limit(float(np.sqrt(CURVE_GRIP_FRACTION * grip / curvature)))


def build_speed_limits(
    road: RoadMap, general: float, zones: tuple[tuple[float, float, float], ...], grip: float
) -> SpeedLimits:
    """Combine all limits of a road; where several apply, the lowest is posted.

    Args:
        road: The road, whose curves have limits of their own.
        general: General limit [m/s].
        zones: Start and end station [m] and limit [m/s] of each zone.
        grip: Maximum acceleration that the tyres transmit [m/s²].
    """
    lower = [*zones, *_curve_zones(road, grip)]
    stations = sorted({0.0} | {max(edge, 0.0) for start, end, _ in lower for edge in (start, end)})
    limits = [
        min([general] + [limit for start, end, limit in lower if start <= station < end])
        for station in stations
    ]
    return SpeedLimits(np.array(stations), np.array(limits))


def _curve_zones(road: RoadMap, grip: float) -> list[tuple[float, float, float]]:
    zones = []
    for piece, curvature in enumerate(road.piece_curvature):
        if curvature != 0.0:
            start, end = (float(edge) for edge in road.piece_station[piece : piece + 2])
            zones.append((start - CURVE_WARNING_DISTANCE, end, curve_limit(abs(curvature), grip)))
    return zones
