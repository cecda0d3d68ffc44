"""Maximum-likelihood fits of failure curves, and their comparison by information criteria."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logit

from drive_stack.study.curves import FAMILIES, Curve, FamilyName
from drive_stack.study.likelihood import Counts, correlation, log_constant, log_likelihood
from drive_stack.types import FloatArray

_LOG_PRECISION_BOUNDS = (-1.0, 10.0)  # correlations of the courses of one training from 0.73 to 0.00005
_START_LOG_PRECISION = 3.5
_TOLERANCE = 1e-9  # of the log-likelihood
_MARGIN = 0.02  # of a bound, as a fraction of the range


@dataclass(frozen=True, slots=True)
class Fit:
    """The curve of greatest likelihood, and how well it fits."""

    curve: Curve
    log_precision: float
    log_likelihood: float
    trainings: int  # number of observations

    @property
    def parameters(self) -> FloatArray:
        """All fitted parameters: those of the curve, and the log-precision."""
        return np.append(self.curve.parameters, self.log_precision)

    @property
    def correlation(self) -> float:
        """Correlation between two courses of one training."""
        return correlation(self.log_precision)

    @property
    def aicc(self) -> float:
        """Akaike's criterion with the correction for small samples (Hurvich and Tsai 1989).

        Infinite where there are too few trainings for the number of parameters.
        """
        count, observations = len(self.parameters), self.trainings
        if observations <= count + 1:
            return math.inf
        correction = 2.0 * count * (count + 1) / (observations - count - 1)
        return 2.0 * count - 2.0 * self.log_likelihood + correction

    @property
    def bic(self) -> float:
        """The Bayesian information criterion (Schwarz 1978); the observations are the trainings."""
        return len(self.parameters) * math.log(self.trainings) - 2.0 * self.log_likelihood


def fit_curve(counts: Counts, family: FamilyName, start: Fit | None = None) -> Fit:
    """Fit one family.

    Args:
        counts: failures of the trainings; sizes below that of ``start``'s reference are not allowed.
        family: the curves to choose from.
        start: where the search starts; it also gives the reference size. Without it the search starts at
            several places, and the reference is the smallest size.
    """
    reference = float(counts.sizes.min()) if start is None else start.curve.reference
    starts = _starts(counts, family) if start is None else _starts_near(start)
    best = min((_minimise(counts, family, reference, values) for values in starts), key=lambda item: item[0])
    return Fit(
        Curve(family, best[1][:-1], reference),
        float(best[1][-1]),
        log_constant(counts) - best[0],
        len(counts.sizes),
    )


def compare_families(counts: Counts) -> dict[FamilyName, Fit]:
    """Fits of all families, the one with the smallest corrected criterion of Akaike first."""
    fits = {name: fit_curve(counts, name) for name in FAMILIES}
    return dict(sorted(fits.items(), key=lambda item: item[1].aicc))


def _starts(counts: Counts, family: FamilyName) -> list[FloatArray]:
    """Several places, and for a curve with a floor the best one without."""
    smallest = counts.sizes <= 1.5 * counts.sizes.min()
    failures, courses = counts.failures[smallest].sum(), counts.courses[smallest].sum()
    first = float(logit((failures + 0.5) / (courses + 1.0)))
    starts = [np.array([first, *inner, _START_LOG_PRECISION]) for inner in FAMILIES[family].starts]
    if family is FamilyName.SHIFTED_POWER:
        starts.append(np.insert(fit_curve(counts, FamilyName.POWER).parameters, 1, 0.0))
    return starts


def _starts_near(start: Fit) -> list[FloatArray]:
    """The parameters of a fit, and a steep curve: with few sizes, there may be a second maximum.

    The first are moved away from the bounds, where some parameters may have no effect.
    """
    curves = FAMILIES[start.curve.family]
    low, high = np.array([*curves.bounds, _LOG_PRECISION_BOUNDS]).T
    margin = _MARGIN * (high - low)
    near = np.clip(start.parameters, low + margin, high - margin)
    return [near, np.array([near[0], *curves.starts[-1], near[-1]])]


def _minimise(
    counts: Counts, family: FamilyName, reference: float, start: FloatArray
) -> tuple[float, FloatArray]:
    """The smallest negative log-likelihood without its constant, and where it is."""
    curves = FAMILIES[family]
    log_ratio = np.log(counts.sizes / reference)
    bounds: Sequence[tuple[float, float]] = [*curves.bounds, _LOG_PRECISION_BOUNDS]
    low, high = np.array(bounds).T

    def objective(values: FloatArray) -> tuple[float, FloatArray]:
        slope = curves.slope(values[:-1], log_ratio)
        likelihood = log_likelihood(counts, slope.probability, float(values[-1]))
        gradient = np.append(slope.by_parameter @ likelihood.by_probability, likelihood.by_log_precision)
        return -likelihood.value, -gradient

    result = minimize(
        objective,
        np.clip(start, low, high),
        jac=True,
        method="SLSQP",
        bounds=bounds,
        options={"ftol": _TOLERANCE, "maxiter": 200},
    )
    return float(result.fun), np.clip(np.asarray(result.x, dtype=np.float64), low, high)
