"""The compiled longitudinal motions: quartic polynomials to a speed, and ramps to an acceleration.

Motions are (4, K, T): station from 0 [m], speed [m/s], acceleration [m/s²] and jerk [m/s³] of K motions at T
instants. None of them reverses: a car that has stopped stands.
"""

from __future__ import annotations

import numpy as np

from drive_stack.support.kernels import kernel

STOPPED = 1e-9  # a speed that low is a stop [m/s]


@kernel(error_model="numpy")
def quartic_motions(coefficients, ends, durations, times):  # type: ignore[no-untyped-def]
    """Motions along polynomials (K, 5), lowest power first.

    After its duration (K,) [s] a motion keeps the speed of its end (K,) [m/s].
    """
    motions = np.empty((4, len(ends), len(times)))
    for row in range(len(ends)):
        duration, end = durations[row], ends[row]
        speed, acceleration = coefficients[row, 1], 2.0 * coefficients[row, 2]
        c3, c4 = coefficients[row, 3], coefficients[row, 4]
        stands = False
        for t in range(len(times)):
            at, after = min(times[t], duration), max(times[t] - duration, 0.0)
            place = at * (speed + at * (0.5 * acceleration + at * (c3 + at * c4))) + end * after
            velocity = speed + at * (acceleration + at * (3.0 * c3 + at * 4.0 * c4))
            change = jerk = 0.0
            if after <= 0.0:
                change = acceleration + at * (6.0 * c3 + at * 12.0 * c4)
                jerk = 6.0 * c3 + at * 24.0 * c4
            stands = stands or (t > 0 and velocity <= STOPPED)
            _put(motions, row, t, place, velocity, change, jerk, stands)
    return motions


@kernel(error_model="numpy")
def ramp_motions(speed, acceleration, targets, jerk, times):  # type: ignore[no-untyped-def]
    """Motions whose acceleration changes from the present one to each of ``targets`` (K,) [m/s²].

    It changes at ``jerk`` [m/s³], then is constant.
    """
    motions = np.empty((4, len(targets), len(times)))
    for row in range(len(targets)):
        rise = targets[row] - acceleration
        needed, slope = abs(rise) / jerk, np.sign(rise) * jerk
        stands = False
        for t in range(len(times)):
            time = times[t]
            within = min(time, needed)
            after = time - within
            velocity = speed + acceleration * time + slope * (0.5 * within**2 + within * after)
            gained = within**3 / 6.0 + 0.5 * within**2 * after + 0.5 * within * after**2
            place = speed * time + 0.5 * acceleration * time**2 + slope * gained
            stands = stands or (t > 0 and velocity <= STOPPED)
            changing = slope if time < needed else 0.0
            _put(motions, row, t, place, velocity, acceleration + slope * within, changing, stands)
    return motions


@kernel(error_model="numpy")
def _put(motions, row, t, place, velocity, change, jerk, stands):  # type: ignore[no-untyped-def]
    """Enter an instant of a motion; the car stands where it was, if it ``stands``."""
    before = motions[0, row, t - 1] if t > 0 else place
    motions[0, row, t] = before if stands else max(before, place)
    motions[1, row, t] = 0.0 if stands else max(velocity, 0.0)
    motions[2, row, t] = 0.0 if stands else change
    motions[3, row, t] = 0.0 if stands else jerk
