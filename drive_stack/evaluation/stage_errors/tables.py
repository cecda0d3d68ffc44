"""What tables of measurements are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.types import ObjectClass

Cell = str | float | int | None

DISTANCES = ((0.0, 20.0), (20.0, 40.0), (40.0, 60.0), (60.0, 80.0), (80.0, 120.0), (120.0, 250.0))  # [m]
AGES = ((0.0, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, float("inf")))  # [s]
STANDS = 0.5  # [m/s]
LEAST = 10  # samples below which a row is not told


@dataclass(frozen=True, slots=True)
class Summary:
    """One table."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def name_of(label: ObjectClass) -> str:
    """In words."""
    return label.name.lower().replace("_", " ")


def median(values: Sequence[float]) -> float:
    """NaN where there are none."""
    return float(np.median(values)) if len(values) else float("nan")


def ninety(values: Sequence[float]) -> float:
    """The 90th percentile; NaN where there are none."""
    return float(np.percentile(values, 90)) if len(values) else float("nan")


def age_name(low: float, high: float) -> str:
    """A span of ages in words."""
    return f"> {low:g}" if np.isinf(high) else f"{low:g}–{high:g}"
