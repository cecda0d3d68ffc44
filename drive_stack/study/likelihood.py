"""The beta-binomial likelihood of failures: binomial courses, with an effect of the training's seed.

All courses of a training are driven by the same networks, so their outcomes are correlated. If the failure
probability of a training is drawn from a beta distribution with mean p, the number of failures on n courses
is beta-binomial (Williams 1975, Biometrics 31, 949-952), with the variance n·p·(1 − p)·(1 + (n − 1)·ρ).
ρ is the correlation between two courses of one training. Against a normal effect on the logit, the mean p is
the failure probability of a new training itself, without an integral, and the likelihood has a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from drive_stack.types import FloatArray


@dataclass(frozen=True, slots=True)
class Counts:
    """Failures of trainings; each array has the shape (T,)."""

    sizes: FloatArray  # rows that each training learned from
    failures: FloatArray
    courses: FloatArray  # number driven
    weights: FloatArray  # of each training in the likelihood; 1 outside the bootstrap

    @classmethod
    def of(cls, sizes: FloatArray, failures: FloatArray, courses: FloatArray) -> Counts:
        """Counts in which every training has the weight 1."""
        return cls(sizes, failures, courses, np.ones(len(sizes)))


@dataclass(frozen=True, slots=True)
class Likelihood:
    """A weighted log-likelihood, without its constant, and its derivatives."""

    value: float
    by_probability: FloatArray  # (T,)
    by_log_precision: float


def log_likelihood(counts: Counts, probability: FloatArray, log_precision: float) -> Likelihood:
    """The beta-binomial log-likelihood without `log_constant`.

    Args:
        counts: failures of T trainings.
        probability: expected failure probability of each training, within (0, 1), shape (T,).
        log_precision: ln M with M = (1 − ρ) / ρ, so that the beta distribution is Beta(p·M, (1 − p)·M).
    """
    precision = np.exp(log_precision)
    alpha = probability * precision
    beta = precision - alpha
    failures, successes = counts.failures, counts.courses - counts.failures
    values = gammaln(failures + alpha) - gammaln(alpha)
    values += gammaln(successes + beta) - gammaln(beta)
    values += gammaln(precision) - gammaln(counts.courses + precision)
    by_alpha = digamma(failures + alpha) - digamma(alpha)
    by_beta = digamma(successes + beta) - digamma(beta)
    by_both = digamma(precision) - digamma(counts.courses + precision)
    by_precision = probability * by_alpha + (1.0 - probability) * by_beta + by_both
    return Likelihood(
        value=float(counts.weights @ values),
        by_probability=counts.weights * precision * (by_alpha - by_beta),
        by_log_precision=float(precision * (counts.weights @ by_precision)),
    )


def log_constant(counts: Counts) -> float:
    """The part of the log-likelihood that no parameter changes: the binomial coefficients' logarithms."""
    failures, courses = counts.failures, counts.courses
    return float(
        counts.weights
        @ (gammaln(courses + 1.0) - gammaln(failures + 1.0) - gammaln(courses - failures + 1.0))
    )


def correlation(log_precision: float) -> float:
    """ρ, the correlation between two courses of one training, of a log-precision."""
    return float(1.0 / (1.0 + np.exp(log_precision)))
