"""The careful driver of UN R157, annex 4, appendix 3: when it brakes, how hard, and how far it gets."""

from __future__ import annotations

import numpy as np

from drive_stack.types import FloatArray

PERCEPTION_TIME = 0.4  # to perceive the risk [s]
REACTION_TIME = 0.75  # from then until the brakes take effect [s]
BRAKING = 0.774 * 9.81  # [m/s²]
JERK = 12.65  # [m/s³]


def braking_distance(
    times: FloatArray,
    speed: float,
    perception_start: float,
    *,
    grip: float,
    curvature: float = 0.0,
    braking: float = BRAKING,
) -> FloatArray:
    """Distance driven at each of ``times`` (T,) [s] since the first of them: ``(T,)`` [m].

    The driver starts at ``speed`` [m/s], starts to perceive the risk at ``perception_start`` [s] and brakes
    with at most ``braking`` [m/s²]. The tyres hold ``grip`` [m/s²] in total, of which a curve of
    ``curvature`` [1/m] uses v² · curvature (friction circle).
    """
    ramp = np.maximum(JERK * (times - (perception_start + PERCEPTION_TIME + REACTION_TIME)), 0.0).tolist()
    step = np.diff(times).tolist()
    travelled, distance, deceleration = [0.0], 0.0, 0.0
    for requested, dt in zip(ramp[1:], step, strict=True):
        lateral = min(curvature * speed * speed, grip)
        held = (grip * grip - lateral * lateral) ** 0.5
        before, deceleration = deceleration, min(requested, braking, held)
        end_speed = max(speed - (before + deceleration) / 2.0 * dt, 0.0)
        distance += (speed + end_speed) / 2.0 * dt
        speed = end_speed
        travelled.append(distance)
    return np.array(travelled)
