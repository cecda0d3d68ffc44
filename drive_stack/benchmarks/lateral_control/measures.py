"""How well a drive kept its path, and how calmly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.benchmarks.lateral_control.loop import Drive
from drive_stack.types import FloatArray

SETTLED = 0.1  # of the path [m]


@dataclass(frozen=True, slots=True)
class Measures:
    """One row of the table."""

    worst: float  # lateral error [m]
    rms: float  # [m]
    heading: float  # worst error [rad]
    settled_after: float  # last time it was farther than `SETTLED` from the path [s]
    overshoot: float  # on the other side than where it was farthest [m]
    steering_rate: float  # root mean square [rad/s]
    jerk: float  # sideways, root mean square [m/s³]
    worst_jerk: float  # [m/s³]
    milliseconds: float  # median of a call


def measure(drive: Drive) -> Measures:
    """The measures of one drive."""
    lateral = drive.lateral
    away = np.flatnonzero(np.abs(lateral) > SETTLED)
    jerk = np.diff(drive.acceleration) / drive.dt
    side = np.sign(lateral[np.argmax(np.abs(lateral))])
    return Measures(
        worst=float(np.abs(lateral).max()),
        rms=_rms(lateral),
        heading=float(np.abs(drive.heading).max()),
        settled_after=float((away[-1] + 1) * drive.dt) if len(away) else 0.0,
        overshoot=max(float((-side * lateral).max()), 0.0),
        steering_rate=_rms(np.diff(drive.steering) / drive.dt),
        jerk=_rms(jerk),
        worst_jerk=float(np.abs(jerk).max()),
        milliseconds=float(np.median(drive.milliseconds)),
    )


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2)))
