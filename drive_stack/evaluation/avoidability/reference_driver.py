"""The careful driver of UN R157, annex 4, appendix 3: when it brakes, how hard, and where that takes it."""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray

PERCEPTION = 0.4  # to weigh the risk [s]
REACTION = 0.75  # from then until the brakes begin to bite [s]
BRAKING = 0.774 * 9.81  # [m/s²]
JERK = 12.65  # [m/s³]


def cut_in_avoidable(time_to_collision: float, closing: float) -> bool:
    """The regulation's own rule for a cut-in (UN R157, 5.2.5.2): TTC > v_rel / (2 · 6 m/s²) + 0.35 s."""
    return time_to_collision > closing / (2.0 * 6.0) + 0.35


def braking_distance(
    times: FloatArray, speed: float, noticed: float, *, grip: float, curvature: float = 0.0
) -> FloatArray:
    """How far the driver has come at each of ``times`` since the first of them: ``(T,)`` [m].

    It drives at ``speed`` [m/s] at first and begins to weigh the risk at ``noticed`` [s]. Its tyres hold
    ``grip`` [m/s²] in all, of which a bend of ``curvature`` [1/m] takes v² · curvature (friction circle).
    """
    ramp = np.maximum(JERK * (times - (noticed + PERCEPTION + REACTION)), 0.0).tolist()
    step = np.diff(times).tolist()
    travelled, distance, braking = [0.0], 0.0, 0.0
    for wanted, dt in zip(ramp[1:], step, strict=True):
        across = min(curvature * speed * speed, grip)
        before, braking = braking, min(wanted, BRAKING, (grip * grip - across * across) ** 0.5)
        slower = max(speed - (before + braking) / 2.0 * dt, 0.0)
        distance += (speed + slower) / 2.0 * dt
        speed = slower
        travelled.append(distance)
    return np.array(travelled)
