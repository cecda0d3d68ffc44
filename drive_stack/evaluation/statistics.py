"""How sure a figure is, and whether two drivers differ: intervals, paired tests, many of them at once.

Episodes in the same world are not independent: variants that share a road and its traffic, several training
seeds of one model on one course, repeated rows. Every function takes the ``clusters`` of its values, one for
each: values of one cluster count together, different clusters are independent. Without ``clusters`` each
value is a cluster of its own. Values that are all repeated leave every interval and every p as it was.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import bootstrap, norm

from drive_stack.types import FloatArray

RESAMPLES = 9999
CONFIDENCE = 0.95
_Z = float(norm.ppf(0.5 + CONFIDENCE / 2.0))

Clusters = Sequence[Hashable]


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


def fraction(successes: Sequence[bool], clusters: Clusters | None = None) -> Estimate:
    """The fraction of successes, with Wilson's interval for the effective sample size.

    An interval of a clustered proportion is that of an independent sample of the effective size (Korn and
    Graubard 1998; Dean and Pagano 2015 find Wilson's the best of them).
    """
    value = sum(successes) / len(successes)
    return Estimate(value, *wilson(value, effective_size(clusters or range(len(successes)))))


def effective_size(clusters: Clusters) -> float:
    """How many independent values those of the ``clusters`` are worth: n / design effect (Kish 1965).

    The design effect is Σm² / Σm for clusters of m values, as if values of one cluster were all alike
    (intra-cluster correlation 1). This holds at fractions of 0 and 1 too, where no correlation can be
    estimated, and it never makes an interval too narrow.
    """
    sizes = Counter(clusters).values()
    return sum(sizes) ** 2 / sum(size**2 for size in sizes)


def wilson(value: float, trials: float) -> tuple[float, float]:
    """95 % confidence interval of a fraction (Wilson 1927), without continuity correction.

    ``trials`` may be an effective sample size, which need not be whole.
    """
    squared = _Z**2 / trials
    centre = (value + squared / 2.0) / (1.0 + squared)
    half = _Z * math.sqrt((value * (1.0 - value) + squared / 4.0) / trials) / (1.0 + squared)
    return (0.0 if value == 0.0 else centre - half), (1.0 if value == 1.0 else centre + half)


def mean(values: ArrayLike, clusters: Clusters | None = None) -> Estimate:
    """A mean with its percentile bootstrap interval (Efron 1979), which resamples whole clusters.

    Cluster bootstrap: Davison and Hinkley 1997. The same values in any order give the same
    interval, and the opposite values the opposite one.
    """
    sums, sizes = _sums(np.asarray(values, dtype=np.float64), clusters)
    order = np.lexsort((sizes, sums))
    sums, sizes = sums[order], sizes[order]
    value = float(sums.sum() / sizes.sum())
    if len(sums) < 2 or np.ptp(sums / sizes) == 0.0:
        return Estimate(value, value, value)
    if value < 0.0:
        return -mean(-np.asarray(values, dtype=np.float64), clusters)
    found = bootstrap(
        (sums, sizes),
        _ratio,
        n_resamples=RESAMPLES,
        paired=True,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Estimate(value, float(found.low), float(found.high))


def paired_difference(first: ArrayLike, second: ArrayLike, clusters: Clusters | None = None) -> Estimate:
    """Mean of ``first`` − ``second``, which are of the same courses in the same order."""
    return mean(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), clusters)


def exact_paired_test(
    first: Sequence[bool], second: Sequence[bool], clusters: Clusters | None = None
) -> float:
    """Two-sided p that two drivers succeed equally often, given their successes on the same courses.

    The exact permutation test of paired clusters (sign flips: Fisher 1935; Good 2005): if the
    drivers are alike, the difference of their successes in each cluster might as well have the opposite
    sign. p is the fraction of all choices of signs that bring the sum as far from zero as it is, or farther.
    Where each course is a cluster of its own this is McNemar's exact test.
    """
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    sums = np.rint(_sums(differences, clusters)[0]).astype(np.int64)
    sums = sums[sums != 0]
    if not len(sums):
        return 1.0
    sums //= np.gcd.reduce(sums)
    chances = np.ones(1)  # of each sum of flipped differences, from the least to the greatest, in steps of 1
    for step in np.sort(np.abs(sums)):
        flipped = np.zeros(2 * step + 1)
        flipped[[0, -1]] = 0.5
        chances = np.convolve(chances, flipped)
    reached = np.abs(np.arange(len(chances)) - len(chances) // 2)
    return min(1.0, float(chances[reached >= abs(sums.sum())].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """p corrected for their number (Holm 1979), in the given order."""
    count, adjusted, least = len(p_values), [0.0] * len(p_values), 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable").tolist()):
        least = max(least, min(1.0, (count - rank) * p_values[index]))
        adjusted[index] = least
    return adjusted


def _sums(values: FloatArray, clusters: Clusters | None) -> tuple[FloatArray, FloatArray]:
    """The sum of each cluster's values, and how many they are."""
    if clusters is None:
        return values, np.ones(len(values))
    numbers = {cluster: number for number, cluster in enumerate(dict.fromkeys(clusters))}
    member = np.array([numbers[cluster] for cluster in clusters])
    order = np.argsort(values, kind="stable")  # so that no sum depends on the order of the values
    sums = np.bincount(member[order], weights=values[order])
    return sums.astype(np.float64), np.bincount(member).astype(np.float64)


def _ratio(sums: FloatArray, sizes: FloatArray, axis: int) -> NDArray[np.float64]:
    return np.asarray(sums.sum(axis=axis) / sizes.sum(axis=axis))
