"""Accuracy and comfort measures of a drive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.benchmarks.lateral_control.loop import Drive
from drive_stack.types import FloatArray

SETTLED = 0.1  # lateral error of a settled car [m]


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of one drive: a row of the table."""

    max_error: float  # maximum lateral error [m]
    rms: float  # lateral error [m]
    heading: float  # maximum heading error [rad]
    settling_time: float  # time after which the lateral error stays within `SETTLED` [s]
    overshoot: float  # maximum error on the side opposite to the largest error [m]
    steering_rate: float  # RMS [rad/s]
    jerk: float  # lateral, RMS [m/s³]
    max_jerk: float  # maximum lateral [m/s³]
    milliseconds: float  # median duration of a call


def measure(drive: Drive) -> Measures:
    """Compute the measures of one drive."""
    lateral = drive.lateral
    outside = np.flatnonzero(np.abs(lateral) > SETTLED)
    jerk = np.diff(drive.acceleration) / drive.dt
    side = np.sign(lateral[np.argmax(np.abs(lateral))])
    return Measures(
        max_error=float(np.abs(lateral).max()),
        rms=_rms(lateral),
        heading=float(np.abs(drive.heading).max()),
        settling_time=float((outside[-1] + 1) * drive.dt) if len(outside) else 0.0,
        overshoot=max(float((-side * lateral).max()), 0.0),
        steering_rate=_rms(np.diff(drive.steering) / drive.dt),
        jerk=_rms(jerk),
        max_jerk=float(np.abs(jerk).max()),
        milliseconds=float(np.median(drive.milliseconds)),
    )


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2)))
