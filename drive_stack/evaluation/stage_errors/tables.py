"""What the tables of stage errors are built from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Cell = str | float | int | None

# headings by which the report finds columns
CLASS, DISTANCE, STAGE = "class", "distance [m]", "stage"
RANGE_ERROR_MEDIAN = "range error: median [%]"

DISTANCES = ((0.0, 20.0), (20.0, 40.0), (40.0, 60.0), (60.0, 80.0), (80.0, 120.0), (120.0, 250.0))  # [m]
AGES = ((0.0, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, float("inf")))  # [s]
STATIONARY_SPEED = 0.5  # an actor that is slower counts as stationary [m/s]
MIN_SAMPLES = 10  # a row with fewer samples is left out


@dataclass(frozen=True, slots=True)
class StageTable:
    """One table: its heading, a note that explains its columns, and its rows."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def median(values: Sequence[float]) -> float:
    """The median; NaN where there are no values."""
    return float(np.median(values)) if len(values) else float("nan")


def percentile_90(values: Sequence[float]) -> float:
    """The 90th percentile; NaN where there are no values."""
    return float(np.percentile(values, 90)) if len(values) else float("nan")


def age_range(low: float, high: float) -> str:
    """A range of ages as text: ``0.5–1`` or ``> 2``."""
    return f"> {low:g}" if np.isinf(high) else f"{low:g}–{high:g}"
