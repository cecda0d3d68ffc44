"""Checks a paired suite by drivers that must rank last, such as one that ignores the road or is blind.

A family of shifts in which such a driver does as well as others measures nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from drive_stack.errors import ConfigError
from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.result import succeeded
from drive_stack.shifts import base_and_shift


class Order(Enum):
    """How the driver that must rank last compares with another one."""

    BELOW = 0
    BOTH_ZERO = 1
    NOT_BELOW = 2  # also where they share no course


@dataclass(frozen=True, slots=True)
class FamilyRank:
    """Successes of two drivers on the shifted courses of a family that both drove in the same worlds."""

    family: str
    last: str  # label of the driver that must rank last
    other: str
    courses: int
    last_successes: int
    other_successes: int

    @property
    def order(self) -> Order:
        """Ties are allowed only where neither driver succeeds."""
        if self.last_successes < self.other_successes:
            return Order.BELOW
        return Order.NOT_BELOW if self.last_successes or not self.courses else Order.BOTH_ZERO

    @property
    def text(self) -> str:
        """The comparison in a line."""
        if not self.courses:
            return f"{self.family}: {self.last} and {self.other} share no shifted course"
        if self.order is Order.BOTH_ZERO:
            return f"{self.family}: neither {self.last} nor {self.other} completes any of {self.courses}"
        return (
            f"{self.family}: {self.last} completes {self.last_successes} of {self.courses}, "
            f"{self.other} {self.other_successes}"
        )


def rank_last(comparison: Comparison, last: Sequence[str]) -> list[FamilyRank]:
    """Compare each driver of ``last`` with each of the others, in every family of the rows.

    Raises:
        ConfigError: a driver of ``last`` has no rows, there is no other driver, or no course is shifted.
    """
    for label in last:
        if label not in comparison.labels:
            raise ConfigError(f"no driver '{label}' in the rows; there are: {', '.join(comparison.labels)}")
    others = [label for label in comparison.labels if label not in last]
    shifts = [shift for name in comparison.scenarios if (shift := base_and_shift(name)[1]) is not None]
    if not others or not shifts:
        raise ConfigError(f"nothing to compare {', '.join(last)} with: no {'shifts' if others else 'others'}")
    families = sorted({shift.family for shift in shifts})
    return [
        _rank(comparison, family, label, other) for family in families for label in last for other in others
    ]


def _rank(comparison: Comparison, family: str, last: str, other: str) -> FamilyRank:
    pairs = [
        (a, b)
        for a, b in comparison.paired(last, other)
        if (shift := base_and_shift(a.scenario)[1]) is not None and shift.family == family
    ]
    return FamilyRank(
        family=family,
        last=last,
        other=other,
        courses=len(pairs),
        last_successes=sum(succeeded(a) for a, _ in pairs),
        other_successes=sum(succeeded(b) for _, b in pairs),
    )
