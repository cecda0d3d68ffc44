"""Stretches of steps over which something holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def longest_run(flags: NDArray[np.bool_]) -> int:
    """Steps in the longest unbroken stretch of true values; ``flags`` (T,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))
