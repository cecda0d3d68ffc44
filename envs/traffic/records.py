"""Layouts of the resident arrays of traffic: one record per vehicle, lane or body that drivers react to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drive_stack.road_map import LaneKind, RoadMap
from drive_stack.support.kernels import kernel
from drive_stack.types import FloatArray
from drive_stack.vehicle import WET_GRIP

Records: TypeAlias = NDArray[np.void]

MOVING, STATIONARY, PEDESTRIAN = 0, 1, 2  # kinds of body
CAP_STEP = 10.0  # distance between samples of the speed cap [m]
_COMFORT_LATERAL = 2.2  # comfortable lateral acceleration in a curve [m/s²]
_COMFORT_BRAKING = 1.2  # braking before a lower limit or a curve [m/s²]

VEHICLE = np.dtype(
    [(name, np.float64) for name in (
        "station", "lateral", "heading", "speed", "acceleration", "length", "width", "height",
        "target_speed", "max_speed", "time_gap", "max_acceleration", "comfort_braking", "politeness",
        "threshold", "speed_factor", "forced", "timer", "progress", "shift", "offset", "duration",
        "signal_time",
    )]
    + [(name, np.int64) for name in (
        "id", "alive", "parked", "unlit", "scripted", "large", "body", "lane", "target_lane", "desired_lane",
        "mandatory", "side",
    )]
    + [("colour", np.uint8, (3,))]
)  # fmt: skip

BODY = np.dtype(
    [(name, np.float64) for name in ("station", "lateral", "speed", "drift", "half_length", "half_width")]
    + [(name, np.int64) for name in ("kind", "target", "merges_into")]
)

LANE = np.dtype(
    [(name, np.float64) for name in ("offset", "width", "start", "end", "opens", "approach")]
    + [("ramp", np.int64)]
)


def caution_factor(grip: float) -> float:
    """Return the factor on the time gaps of drivers on a road of a grip [m/s²]: 1 on dry and wet roads."""
    return max(WET_GRIP / grip, 1.0)


@dataclass(frozen=True, slots=True)
class DriverProfile:
    """A driver's parameters of the IDM (Treiber 2000) and of MOBIL (Kesting 2007)."""

    time_gap: float = 1.4  # [s]
    max_acceleration: float = 1.6  # [m/s²]
    comfort_braking: float = 2.5  # [m/s²], positive
    politeness: float = 0.3  # 0 (selfish) to 1
    threshold: float = 0.3  # minimum gain of a lane change [m/s²]
    speed_factor: float = 1.0  # driven speed as a fraction of a limit

    def on_grip(self, grip: float) -> DriverProfile:
        """Return the driver on a road of a grip [m/s²], more careful on one that is worse than wet.

        The time gap grows, and acceleration and comfortable braking fall, in proportion to the grip.
        """
        caution = caution_factor(grip)
        if caution == 1.0:
            return self
        return replace(
            self,
            time_gap=caution * self.time_gap,
            max_acceleration=self.max_acceleration / caution,
            comfort_braking=self.comfort_braking / caution,
        )


@dataclass(frozen=True, slots=True)
class EgoOnRoad:
    """The ego as traffic sees it. Station and lateral are those of its body's centre."""

    station: float  # [m]
    lateral: float  # [m]
    speed: float  # [m/s]
    lane: int  # −1 outside all lanes
    length: float  # [m]
    width: float  # [m]


def lane_records(road: RoadMap) -> Records:
    """Return the road's lanes as `LANE` records."""
    return np.array(
        [
            (lane.offset, lane.width, lane.start, lane.end, lane.opens, lane.approach,
             lane.kind is LaneKind.RAMP)
            for lane in road.lanes
        ],
        dtype=LANE,
    )  # fmt: skip


def speed_cap(road: RoadMap, station: FloatArray, limit: FloatArray) -> FloatArray:
    """Return the maximum speed [m/s] every `CAP_STEP` m that respects limits and curves with gentle braking.

    ``limit[i]`` [m/s] holds from ``station[i]`` [m] on. A backward pass along the road enforces
    v² ≤ v'² + 2·b·Δs between samples.
    """
    grid = np.arange(0.0, road.length + CAP_STEP, CAP_STEP)
    posted = limit[np.maximum(np.searchsorted(station, grid, side="right") - 1, 0)]
    curvature = np.maximum(np.abs(road.curvature_at(grid)), 1e-9)
    cap = np.minimum(posted, np.sqrt(_COMFORT_LATERAL / curvature))
    _brake_before(cap)
    return np.asarray(cap, dtype=np.float64)


@kernel()
def _brake_before(cap):  # type: ignore[no-untyped-def]
    """Lower a speed cap in place so that gentle braking reaches each sample ahead."""
    for index in range(cap.shape[0] - 2, -1, -1):
        cap[index] = min(cap[index], math.sqrt(cap[index + 1] ** 2 + 2.0 * _COMFORT_BRAKING * CAP_STEP))
