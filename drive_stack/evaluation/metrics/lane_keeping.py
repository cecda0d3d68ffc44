"""How well a lane is kept, lane changes aside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.metrics.runs import longest_run
from drive_stack.types import FloatArray

CHANGE = 3.0  # before and after the ego's centre crosses a line, it is changing lanes [s]
OFF_CENTRE, TOO_LONG = 0.5, 2.0  # NAVSIM v2's lane keeping [m, s]
INTERVENTION, CHARGED = 1.0, 6.0  # PilotNet: beyond this offset a person takes over [m], for so long [s]


def keeping_steps(lanes: Sequence[int], dt: float) -> NDArray[np.bool_]:
    """(T,) whether the ego keeps a lane, and is not on its way from one to another.

    Leaving the lanes altogether, index −1, is no lane change.
    """
    index = np.asarray(lanes)
    crossed = np.flatnonzero((np.diff(index) != 0) & (index[1:] >= 0) & (index[:-1] >= 0))
    keeping = np.ones(len(index), dtype=bool)
    reach = round(CHANGE / dt)
    for step in crossed.tolist():
        keeping[max(step + 1 - reach, 0) : step + 1 + reach] = False
    return keeping


def keeps_lane(offsets: FloatArray, lanes: Sequence[int], dt: float) -> bool:
    """NAVSIM v2: never more than 0.5 m off a lane's middle for 2 s; ``offsets`` (T,) [m]."""
    astray = (np.abs(offsets) > OFF_CENTRE) & keeping_steps(lanes, dt)
    return longest_run(astray) * dt < TOO_LONG


def mean_offset(offsets: FloatArray, lanes: Sequence[int], dt: float) -> float | None:
    """Mean distance from the lane's middle while a lane is kept [m]; None where it never is."""
    kept = np.abs(offsets)[keeping_steps(lanes, dt) & np.isfinite(offsets)]
    return float(kept.mean()) if len(kept) else None


def autonomy(offsets: FloatArray, lanes: Sequence[int], dt: float) -> tuple[int, float]:
    """Interventions, and PilotNet's autonomy 1 − 6 s · n / T, not below 0 (Bojarski et al., 2016).

    One intervention each time the ego strays more than 1 m from the middle of its lane.
    """
    astray = (np.abs(offsets) > INTERVENTION) & keeping_steps(lanes, dt)
    begins = int(np.sum(astray[1:] & ~astray[:-1])) + int(astray[:1].sum())
    elapsed = max((len(offsets) - 1) * dt, dt)
    return begins, max(0.0, 1.0 - CHARGED * begins / elapsed)
