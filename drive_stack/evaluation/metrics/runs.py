"""Intervals of steps over which a condition holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First step, and the step after the last, of each unbroken interval of true values; ``flags`` (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def longest_run(flags: NDArray[np.bool_]) -> int:
    """Steps in the longest unbroken interval of true values; ``flags`` (T,)."""
    return max((end - start for start, end in runs(flags)), default=0)
