"""How sure a figure is, and whether two drivers differ: intervals, paired tests, many of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest, bootstrap

from drive_stack.evaluation.summary import wilson

RESAMPLES = 9999


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def __neg__(self) -> Estimate:
        """The same of the opposite figure."""
        return Estimate(-self.value, -self.high, -self.low)

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0.0 or self.high < 0.0


def share(successes: int, trials: int) -> Estimate:
    """A share with Wilson's interval."""
    return Estimate(successes / trials, *wilson(successes, trials))


def mean(values: ArrayLike) -> Estimate:
    """A mean with its percentile bootstrap interval (Efron 1979).

    The same values in any order give the same interval, and the opposite values the opposite one.
    """
    sample = np.sort(np.asarray(values, dtype=np.float64))
    value = float(sample.mean())
    if len(sample) < 2 or np.ptp(sample) == 0.0:
        return Estimate(value, value, value)
    if value < 0.0:
        return -mean(-sample)
    found = bootstrap(
        (sample,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    return Estimate(value, float(found.low), float(found.high))


def paired_difference(first: ArrayLike, second: ArrayLike) -> Estimate:
    """Mean of ``first`` − ``second``, which are of the same courses in the same order."""
    return mean(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64))


def exact_paired_test(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Two-sided p of McNemar's exact test: are the courses on which just one succeeded evenly shared?"""
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    differing = only_first + only_second
    return float(binomtest(only_first, differing).pvalue) if differing else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """p corrected for their number (Holm 1979), in the given order."""
    count, adjusted, least = len(p_values), [0.0] * len(p_values), 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable").tolist()):
        least = max(least, min(1.0, (count - rank) * p_values[index]))
        adjusted[index] = least
    return adjusted
