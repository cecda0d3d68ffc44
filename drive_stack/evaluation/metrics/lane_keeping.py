"""How well a lane is kept, except during completed lane changes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.metrics.runs import longest_run, runs
from drive_stack.types import FloatArray

OFF_CENTRE, TOO_LONG = 0.5, 2.0  # NAVSIM v2's lane keeping [m, s]
MAX_CHANGE = 6.0  # a lane change may be off both middles for so long [s]
SETTLED_OFFSET, SETTLED = 1.0, 3.0  # after it the ego is not this far back [m], for so long [s]
INTERVENTION, CHARGED = 1.0, 6.0  # PilotNet: beyond this offset a person takes over [m], for so long [s]


def keeping_steps(offsets: FloatArray, lanes: Sequence[int], dt: float) -> NDArray[np.bool_]:
    """(T,) whether the ego keeps a lane or ought to: false only during a completed lane change.

    ``offsets`` (T,) are to the left of the nearest lane's middle [m]; ``lanes`` (T,) are indices, −1 off
    the lanes. A change is an interval off the lane centre that leads from one lane centre to another within
    6 s and without leaving the lanes, after which the ego does not return within 3 s. An ego that sways
    about a line, turns back or straddles it completes no change.
    """
    index, off_centre = np.asarray(lanes), np.abs(offsets) > OFF_CENTRE
    keeping = np.ones(len(index), dtype=bool)
    for start, end in runs(off_centre):
        if _is_change(offsets, index, start, end, dt):
            keeping[start:end] = False
    return keeping


def _is_change(offsets: FloatArray, lanes: NDArray[np.int_], start: int, end: int, dt: float) -> bool:
    """Whether the steps from ``start`` to before ``end``, all off the middle, are a completed change."""
    if start == 0 or end == len(lanes) or (end - start) * dt > MAX_CHANGE:
        return False
    departed, entered = lanes[start - 1], lanes[end]
    if departed == entered or (lanes[start - 1 : end + 1] < 0).any():
        return False
    after = slice(end, end + max(round(SETTLED / dt), 1))
    then, to_the_right = lanes[after], float(np.sign(entered - departed))
    beyond = np.flatnonzero(((then - entered) * to_the_right > 0) & (then >= 0))
    until = int(beyond[0]) if len(beyond) > 0 else len(then)
    heads_back = offsets[after] * to_the_right > SETTLED_OFFSET
    return bool(((then == entered) & ~heads_back)[:until].all())


def keeps_lane(offsets: FloatArray, lanes: Sequence[int], dt: float) -> bool:
    """NAVSIM v2: never more than 0.5 m off a lane's middle for 2 s; ``offsets`` (T,) [m]."""
    off_course = (np.abs(offsets) > OFF_CENTRE) & keeping_steps(offsets, lanes, dt)
    return longest_run(off_course) < math.ceil(TOO_LONG / dt - 1e-9)


def mean_offset(offsets: FloatArray, lanes: Sequence[int], dt: float) -> float | None:
    """Mean distance from the lane's middle while a lane is kept [m]; None where it never is."""
    offsets_kept = np.abs(offsets)[keeping_steps(offsets, lanes, dt) & np.isfinite(offsets)]
    return float(offsets_kept.mean()) if len(offsets_kept) else None


def autonomy(offsets: FloatArray, lanes: Sequence[int], dt: float) -> tuple[int, float]:
    """Interventions, and PilotNet's autonomy 1 − 6 s · n / T, not below 0 (Bojarski et al., 2016).

    One intervention each time the ego strays more than 1 m from the middle of its lane, and another for
    every further 6 s that it stays there: a person would have brought it back and let go again.
    """
    off_course = (np.abs(offsets) > INTERVENTION) & keeping_steps(offsets, lanes, dt)
    steps = max(round(CHARGED / dt), 1)
    interventions = sum(-(-(end - start) // steps) for start, end in runs(off_course))
    elapsed = max((len(offsets) - 1) * dt, dt)
    return interventions, max(0.0, 1.0 - CHARGED * interventions / elapsed)
