"""Estimates in words: the one place that says how many digits a figure has, wherever it is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from drive_stack.evaluation.statistics import Estimate

Sign: TypeAlias = Literal["+", "-"]  # as in a format: all differences get one, or losses alone
DECIMALS = 1  # of percentages, percentage points and scores of 0 to 100


@dataclass(frozen=True, slots=True)
class Written:
    """A figure and its interval as text, such as ``99.5`` and ``97.5–99.9``."""

    value: str
    interval: str

    def __str__(self) -> str:
        return f"{self.value} ({self.interval})"


def written(one: Estimate, factor: float = 1.0, decimals: int = DECIMALS) -> Written:
    """The estimate times ``factor``.

    A fraction in percent (``factor`` 100) gets more decimals where it would otherwise read as none or all.
    """
    low, value, high = (f"{factor * bound:.{decimals}f}" for bound in (one.low, one.value, one.high))
    more = decimals
    while factor == 100.0 and 0.0 < one.value < 1.0 and float(value) in (0.0, 100.0):
        more += 1
        value = f"{factor * one.value:.{more}f}"
    return Written(value, f"{low}–{high}")


def percent(one: Estimate) -> str:
    """A fraction, such as ``93.2 % (89.1–95.8)``."""
    text = written(one, 100.0)
    return f"{text.value} % ({text.interval})"


def points(one: Estimate, *, sign: Sign = "+") -> Written:
    """A difference of fractions in percentage points: ``+10.5`` and ``+6.8 to +14.5``."""
    return difference(Estimate(100.0 * one.value, 100.0 * one.low, 100.0 * one.high), sign=sign)


def difference(one: Estimate, *, sign: Sign = "+") -> Written:
    """A difference; with ``sign`` "+" a gain says so."""
    value, low, high = (_signed(bound, sign) for bound in (one.value, one.low, one.high))
    return Written(value, f"{low} to {high}")


def p_words(p: float) -> str:
    """Such as ``= 0.030``."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


def _signed(value: float, sign: Sign) -> str:
    """With its sign, and none where it rounds to zero."""
    text = f"{value:{sign}.{DECIMALS}f}"
    return text if float(text) else text.lstrip("+-")
