"""Confidence intervals of figures, paired tests of two drivers, and correction for multiple tests.

Episodes in the same world are not independent: variants that share a road and its traffic, several training
seeds of one model on one course, repeated rows. Every function takes the ``clusters`` of its values, one per
value: values of one cluster depend on each other, different clusters are independent. Without ``clusters``
each value is a cluster of its own. If all values are repeated, every interval and every p stays the same.
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
        """The estimate of the opposite figure."""
        return Estimate(-self.value, -self.high, -self.low)


def fraction(successes: Sequence[bool], clusters: Clusters | None = None) -> Estimate:
    """The fraction of successes, with Wilson's interval for the effective sample size.

    The interval of a clustered proportion is that of an independent sample of the effective size (Korn and
    Graubard 1998; Dean and Pagano 2015 find that Wilson's performs best).
    """
    value = sum(successes) / len(successes)
    return Estimate(value, *wilson(value, effective_size(clusters or range(len(successes)))))


def effective_size(clusters: Clusters) -> float:
    """The effective sample size of clustered values: n / design effect (Kish 1965).

    The design effect is Σm² / Σm for clusters of m values, as if all values of a cluster were equal
    (intra-cluster correlation 1). This also works for fractions of 0 and 1, where no correlation can be
    estimated, and it never makes an interval too narrow.
    """
    sizes = Counter(clusters).values()
    return sum(sizes) ** 2 / sum(size**2 for size in sizes)


def wilson(value: float, trials: float) -> tuple[float, float]:
    """95 % confidence interval of a fraction (Wilson 1927), without continuity correction.

    ``trials`` may be an effective sample size, which need not be an integer.
    """
    squared = _Z**2 / trials
    centre = (value + squared / 2.0) / (1.0 + squared)
    half = _Z * math.sqrt((value * (1.0 - value) + squared / 4.0) / trials) / (1.0 + squared)
    return (0.0 if value == 0.0 else centre - half), (1.0 if value == 1.0 else centre + half)


def mean(values: ArrayLike, clusters: Clusters | None = None) -> Estimate:
    """A mean with its percentile bootstrap interval (Efron 1979), which resamples whole clusters.

    Cluster bootstrap: Davison and Hinkley 1997. The interval does not depend on the order
    of the values, and the opposite values give the opposite interval.
    """
    sums, sizes = _sums(np.asarray(values, dtype=np.float64), clusters)
    order = np.lexsort((sizes, sums))
    sums, sizes = sums[order], sizes[order]
    value = float(sums.sum() / sizes.sum())
    if len(sums) < 2 or np.ptp(sums / sizes) == 0.0:
        return Estimate(value, value, value)
    if value < 0.0:
        return -mean(-np.asarray(values, dtype=np.float64), clusters)
    interval = bootstrap(
        (sums, sizes),
        _ratio,
        n_resamples=RESAMPLES,
        paired=True,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Estimate(value, float(interval.low), float(interval.high))


def paired_difference(first: ArrayLike, second: ArrayLike, clusters: Clusters | None = None) -> Estimate:
    """Mean of ``first`` − ``second`` with its interval; both are of the same courses in the same order."""
    return mean(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), clusters)


def paired_fraction_difference(
    first: Sequence[bool], second: Sequence[bool], clusters: Clusters | None = None
) -> Estimate:
    """Difference of two fractions of successes on the same courses, first − second, with its interval.

    Newcombe's hybrid score interval for paired proportions (Newcombe 1998, Statistics in Medicine 17,
    2635-2650, method 10), for the effective sample size. It combines Wilson's intervals of both fractions, so
    that it has a width even if all pairs agree, and it does not exceed −1 … 1.
    """
    trials = effective_size(clusters or range(len(first)))
    a, b = sum(first) / len(first), sum(second) / len(second)
    low_a, high_a = wilson(a, trials)
    low_b, high_b = wilson(b, trials)
    correlation = _newcombe_correlation(first, second, trials)
    low = _combined(a - low_a, high_b - b, correlation)
    high = _combined(high_a - a, b - low_b, correlation)
    return Estimate(a - b, a - b - low, a - b + high)


def _combined(first: float, second: float, correlation: float) -> float:
    """Width of the difference of two correlated figures with these widths; independent of their order."""
    squared = math.fsum((first * first, second * second, -2.0 * correlation * (first * second)))
    return math.sqrt(max(squared, 0.0))


def _newcombe_correlation(first: Sequence[bool], second: Sequence[bool], trials: float) -> float:
    """Correlation of paired successes with Newcombe's continuity correction; 0 where it is undefined.

    The counts of the four outcomes are those of ``trials`` episodes.
    """
    pairs = Counter(zip(first, second, strict=True))
    scale = trials / len(first)
    both, only_first, only_second, neither = (
        scale * pairs[outcome] for outcome in ((True, True), (True, False), (False, True), (False, False))
    )
    margins = (both + only_first) * (only_second + neither)
    margins *= (both + only_second) * (only_first + neither)
    if margins == 0.0:
        return 0.0
    product = both * neither - only_first * only_second
    if product > 0.0:
        product = max(product - trials / 2.0, 0.0)
    return product / math.sqrt(margins)


def exact_paired_test(
    first: Sequence[bool], second: Sequence[bool], clusters: Clusters | None = None
) -> float:
    """Two-sided p that two drivers succeed equally often, given their successes on the same courses.

    The exact permutation test of paired clusters (sign flips: Fisher 1935; Good 2005): if the
    drivers are equally good, the difference of their successes in each cluster could equally well have the
    opposite sign. p is the fraction of all choices of signs for which the sum is at least as far from zero as
    the observed one. Where each course is a cluster of its own, this is McNemar's exact test.
    """
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    sums = np.rint(_sums(differences, clusters)[0]).astype(np.int64)
    sums = sums[sums != 0]
    if not len(sums):
        return 1.0
    sums //= np.gcd.reduce(sums)
    probabilities = np.ones(1)  # of each sum of flipped differences, in increasing order, in steps of 1
    for step in np.sort(np.abs(sums)):
        flipped = np.zeros(2 * step + 1)
        flipped[[0, -1]] = 0.5
        probabilities = np.convolve(probabilities, flipped)
    distances = np.abs(np.arange(len(probabilities)) - len(probabilities) // 2)
    return min(1.0, float(probabilities[distances >= abs(sums.sum())].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979), in the order of ``p_values``."""
    count, adjusted, previous = len(p_values), [0.0] * len(p_values), 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable").tolist()):
        previous = max(previous, min(1.0, (count - rank) * p_values[index]))
        adjusted[index] = previous
    return adjusted


def _sums(values: FloatArray, clusters: Clusters | None) -> tuple[FloatArray, FloatArray]:
    """The sum of each cluster's values, and the number of its values."""
    if clusters is None:
        return values, np.ones(len(values))
    numbers = {cluster: number for number, cluster in enumerate(dict.fromkeys(clusters))}
    member = np.array([numbers[cluster] for cluster in clusters])
    order = np.argsort(values, kind="stable")  # sorted, so that no sum depends on the order of the values
    sums = np.bincount(member[order], weights=values[order])
    return sums.astype(np.float64), np.bincount(member).astype(np.float64)


def _ratio(sums: FloatArray, sizes: FloatArray, axis: int) -> NDArray[np.float64]:
    return np.asarray(sums.sum(axis=axis) / sizes.sum(axis=axis))
