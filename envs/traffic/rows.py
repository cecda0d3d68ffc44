"""The resident arrays of traffic: one record a vehicle, a lane, or a body that drivers look out for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.types import FloatArray

Records: TypeAlias = NDArray[np.void]

MOVING, STANDING, PERSON = 0, 1, 2  # kinds of body
CAP_STEP = 10.0  # between samples of the speed cap [m]
_COMFORT_LATERAL = 2.2  # what drivers like in a curve [m/s²]
_COMFORT_BRAKING = 1.2  # towards a lower limit or a curve [m/s²]

VEHICLE = np.dtype(
    [(name, np.float64) for name in (
        "station", "lateral", "heading", "speed", "acceleration", "length", "width", "height",
        "target_speed", "pace", "time_gap", "max_acceleration", "comfort_braking", "politeness", "threshold",
        "speed_factor", "forced", "timer", "progress", "shift", "duration", "signal",
    )]
    + [(name, np.int64) for name in (
        "id", "alive", "parked", "scripted", "large", "body", "lane", "target_lane", "wish", "must", "side",
    )]
    + [("colour", np.uint8, (3,))]
)  # fmt: skip

BODY = np.dtype(
    [(name, np.float64) for name in ("station", "lateral", "speed", "drift", "half_length", "half_width")]
    + [(name, np.int64) for name in ("kind", "target", "yields_to")]
)

LANE = np.dtype(
    [(name, np.float64) for name in ("offset", "width", "start", "end", "opens", "approach")]
    + [("ramp", np.int64)]
)


@dataclass(frozen=True, slots=True)
class DriverProfile:
    """A driver's temperament, in the terms of IDM (Treiber 2000) and MOBIL (Kesting 2007)."""

    time_gap: float = 1.4  # [s]
    max_acceleration: float = 1.6  # [m/s²]
    comfort_braking: float = 2.5  # [m/s²], positive
    politeness: float = 0.3  # 0 selfish … 1
    threshold: float = 0.3  # gain that makes a lane change worth it [m/s²]
    speed_factor: float = 1.0  # of a limit


@dataclass(frozen=True, slots=True)
class EgoOnRoad:
    """The ego as traffic sees it; station and lateral of its body's centre."""

    station: float
    lateral: float
    speed: float
    lane: int  # −1 off the lanes
    length: float
    width: float


def lane_records(road: RoadMap) -> Records:
    """The road's lanes, `LANE`."""
    return np.array(
        [
            (lane.offset, lane.width, lane.start, lane.end, lane.opens, lane.approach,
             lane.kind is LaneKind.RAMP)
            for lane in road.lanes
        ],
        dtype=LANE,
    )  # fmt: skip


def speed_cap(road: RoadMap, station: FloatArray, limit: FloatArray) -> FloatArray:
    """Speed [m/s] every `CAP_STEP` that keeps limits and curves ahead with gentle braking.

    ``limit[i]`` holds from ``station[i]`` on. Backwards along the road v² ≤ v'² + 2·b·Δs.
    """
    grid = np.arange(0.0, road.length + CAP_STEP, CAP_STEP)
    posted = limit[np.maximum(np.searchsorted(station, grid, side="right") - 1, 0)]
    bend = np.maximum(np.abs(road.curvature_at(grid)), 1e-9)
    cap = np.minimum(posted, np.sqrt(_COMFORT_LATERAL / bend))
    _brake_before(cap)
    return np.asarray(cap, dtype=np.float64)


@numba.njit(cache=True)
def _brake_before(cap):  # type: ignore[no-untyped-def]
    """Lower a speed cap, in place, to what gentle braking towards the samples ahead allows."""
    for index in range(cap.shape[0] - 2, -1, -1):
        cap[index] = min(cap[index], math.sqrt(cap[index + 1] ** 2 + 2.0 * _COMFORT_BRAKING * CAP_STEP))
