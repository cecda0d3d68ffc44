"""The posted limit along a road: a general one, lower in zones and in sharp curves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from drive_stack.road_map import RoadMap
from drive_stack.types import FloatArray

CURVE_GRIP_FRACTION = 0.32  # of the tyres' grip that a curve's limit asks for
CURVE_WARNING_DISTANCE = 80.0  # a curve's limit begins so far before it [m]
_STEP_KMH = 10.0
_LOWEST_KMH = 30.0


@dataclass(frozen=True, slots=True)
class SpeedLimits:
    """Piecewise constant limits; ``limit[i]`` [m/s] holds from ``station[i]`` [m] to the next."""

    station: FloatArray  # (K,) increasing; the first also holds before it
    limit: FloatArray  # (K,)

    def at(self, station: float) -> float:
        """The limit at a station [m/s]."""
        index = int(np.searchsorted(self.station, station, side="right")) - 1
        return float(self.limit[max(index, 0)])


def posted_limit(speed: float) -> float:
    """The greatest limit a sign can show that does not exceed ``speed`` [m/s]."""
    return max(math.floor(speed * 3.6 / _STEP_KMH + 1e-9) * _STEP_KMH, _LOWEST_KMH) / 3.6


def curve_limit(curvature: float, grip: float) -> float:
    """The limit posted before a curve of ``curvature`` [1/m] on tyres with ``grip`` [m/s²], in m/s."""
    return posted_limit(float(np.sqrt(CURVE_GRIP_FRACTION * grip / curvature)))


def build_speed_limits(
    road: RoadMap, general: float, zones: tuple[tuple[float, float, float], ...], grip: float
) -> SpeedLimits:
    """Limits from the general one [m/s], zones of (begin, end [m], limit [m/s]) and the road's curves."""
    lower = [*zones, *_curve_zones(road, grip)]
    stations = sorted({0.0} | {max(edge, 0.0) for begin, end, _ in lower for edge in (begin, end)})
    limits = [
        min([general] + [limit for begin, end, limit in lower if begin <= station < end])
        for station in stations
    ]
    return SpeedLimits(np.array(stations), np.array(limits))


def _curve_zones(road: RoadMap, grip: float) -> list[tuple[float, float, float]]:
    zones = []
    for piece, curvature in enumerate(road.piece_curvature):
        if curvature != 0.0:
            begin, end = (float(edge) for edge in road.piece_station[piece : piece + 2])
            zones.append((begin - CURVE_WARNING_DISTANCE, end, curve_limit(abs(curvature), grip)))
    return zones
