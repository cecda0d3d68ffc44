"""Estimates as text: the one place that decides how many digits a figure has, wherever it is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from drive_stack.evaluation.statistics import Estimate

Sign: TypeAlias = Literal["+", "-"]  # of a format: a sign for all differences, or for negative ones alone
DECIMALS = 1  # of percentages, percentage points and scores of 0 to 100


@dataclass(frozen=True, slots=True)
class EstimateText:
    """A figure and its interval as text, such as ``99.5`` and ``97.5–99.9``."""

    value: str
    interval: str

    def __str__(self) -> str:
        return f"{self.value} ({self.interval})"


def format_estimate(estimate: Estimate, factor: float = 1.0, decimals: int = DECIMALS) -> EstimateText:
    """The estimate times ``factor``, as text.

    A fraction in percent (``factor`` 100) gets more decimals where it would otherwise be rounded to 0 or 100.
    """
    low, value, high = (
        f"{factor * bound:.{decimals}f}" for bound in (estimate.low, estimate.value, estimate.high)
    )
    more = decimals
    while factor == 100.0 and 0.0 < estimate.value < 1.0 and float(value) in (0.0, 100.0):
        more += 1
        value = f"{factor * estimate.value:.{more}f}"
    return EstimateText(value, f"{low}–{high}")


def format_percent(estimate: Estimate) -> str:
    """A fraction as text, such as ``93.2 % (89.1–95.8)``."""
    text = format_estimate(estimate, 100.0)
    return f"{text.value} % ({text.interval})"


def format_points(estimate: Estimate, *, sign: Sign = "+") -> EstimateText:
    """A difference of fractions in percentage points: ``+10.5`` and ``+6.8 to +14.5``."""
    low, value, high = (100.0 * bound for bound in (estimate.low, estimate.value, estimate.high))
    return format_difference(Estimate(value, low, high), sign=sign)


def format_difference(estimate: Estimate, *, sign: Sign = "+") -> EstimateText:
    """A difference as text; with ``sign`` "+" positive values have a sign, too."""
    value, low, high = (_signed(bound, sign) for bound in (estimate.value, estimate.low, estimate.high))
    return EstimateText(value, f"{low} to {high}")


def format_p(p: float) -> str:
    """A p-value with its relation, such as ``= 0.030`` or ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


def _signed(value: float, sign: Sign) -> str:
    """A number with its sign; one that rounds to zero has none."""
    text = f"{value:{sign}.{DECIMALS}f}"
    return text if float(text) else text.lstrip("+-")
