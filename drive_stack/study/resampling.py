"""The bootstrap over trainings and courses.

Trainings and courses are crossed: each training drives every course. Both are resampled, independently of
each other (the pigeonhole bootstrap: Owen 2007, Annals of Applied Statistics 1, 386-411, who shows that it
errs towards intervals that are too wide). All arms share the resampled courses, so that they stay paired.
Their trainings are drawn separately, although those with the same seed learned from the same subset.

Courses are resampled within their scenarios: new courses are new seeds of the same scenarios.

Trainings are resampled by seed. The subsets of one seed are nested, so an effect of the seed is shared by
the sizes, and draws for each size alone would make the mean over sizes too certain. All sizes with the same
number n of seeds use one draw, by the rank of the seed within the size. Resampling n of n would give
(n − 1)/n of the variance. So n − 1 are drawn and weighted by n/(n − 1) (Rao and Wu 1988, JASA 83, 231-241),
which gives the right variance. The same holds for the n seeds of a scenario. A single training of a size
shows no variance and always has the weight 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from drive_stack.evaluation.statistics import CONFIDENCE, Estimate, wilson
from drive_stack.study.curves import Curve, FamilyName
from drive_stack.study.fitting import Fit, fit_curve
from drive_stack.study.outcomes import Outcomes
from drive_stack.types import FloatArray

_COURSES, _TRAININGS = 0, 1  # random streams
TAILS = ((1.0 - CONFIDENCE) / 2.0, (1.0 + CONFIDENCE) / 2.0)  # probabilities of an interval's ends


@dataclass(frozen=True, slots=True)
class Resampling:
    """How the bootstrap is drawn; equal settings give equal weights."""

    replicates: int
    seed: int
    courses: bool = True  # resample courses too; if not, the interval is for the same courses

    def course_weights(self, scenarios: Sequence[str]) -> FloatArray:
        """Weights of courses with these ``scenarios`` (C,), (B, C); equal for every arm that drove them.

        If a scenario has a single course, all courses count as one scenario.
        """
        weights = np.ones((self.replicates, len(scenarios)))
        if not self.courses:
            return weights
        generator = np.random.default_rng([self.seed, _COURSES])
        names = np.array(scenarios)
        kinds, counts = np.unique(names, return_counts=True)
        groups = [np.flatnonzero(names == kind) for kind in kinds]
        for own in groups if counts.min(initial=2) > 1 else [np.arange(len(names))]:
            weights[:, own] = self._draw(generator, len(own))
        return weights

    def training_weights(self, arm: str, sizes: NDArray[np.int64], seeds: NDArray[np.int64]) -> FloatArray:
        """Weights of trainings with these nominal ``sizes`` (T,) and ``seeds`` (T,), (B, T).

        Sizes with the same number of seeds share their draws, so that the effect of a seed is drawn once.
        """
        weights = np.ones((self.replicates, len(sizes)))
        for size in np.unique(sizes):
            own = np.flatnonzero(sizes == size)
            if len(own) > 1:
                ranked = own[np.argsort(seeds[own], kind="stable")]
                weights[:, ranked] = self._seed_weights(arm, len(own))
        return weights

    def _seed_weights(self, arm: str, count: int) -> FloatArray:
        """Weights of ``count`` seeds of an arm, (B, count); equal at every call."""
        return self._draw(np.random.default_rng([self.seed, _TRAININGS, count, *arm.encode()]), count)

    def _draw(self, generator: np.random.Generator, count: int) -> FloatArray:
        """Weights of ``count`` things of a kind, (B, count); 1 for a single thing."""
        if count == 1:
            return np.ones((self.replicates, 1))
        draws = generator.multinomial(count - 1, np.full(count, 1.0 / count), self.replicates)
        return np.asarray(draws * (count / (count - 1)))


@dataclass(frozen=True, slots=True)
class CurveSample:
    """The fit to all drives, and B curves fitted to resampled drives."""

    fit: Fit
    curves: Curve  # parameters (B, P)
    log_precisions: FloatArray  # (B,)

    @classmethod
    def of_fit(cls, fit: Fit) -> CurveSample:
        """A sample that holds the fit alone."""
        curve = Curve(fit.curve.family, fit.curve.parameters[None], fit.curve.reference)
        return cls(fit, curve, np.array([fit.log_precision]))


def resample_curve(outcomes: Outcomes, family: FamilyName, resampling: Resampling) -> CurveSample:
    """Fit a curve to the failures of an arm, and to each resampling of them."""
    counts = outcomes.counts()
    fit = fit_curve(counts, family)
    courses = resampling.course_weights(outcomes.scenarios)
    failures = courses @ outcomes.failed.T.astype(np.float64)  # (B, T)
    failures = np.minimum(failures, len(outcomes.courses))  # without the error of rounded weights
    weights = resampling.training_weights(outcomes.arm, outcomes.sizes, outcomes.seeds)
    fitted = []
    for failures_drawn, weights_drawn in zip(failures, weights, strict=True):
        used = weights_drawn > 0.0
        drawn = replace(
            counts,
            sizes=counts.sizes[used],
            failures=failures_drawn[used],
            courses=counts.courses[used],
            weights=weights_drawn[used],
        )
        fitted.append(fit_curve(drawn, family, fit).parameters)
    parameters = np.array(fitted)
    return CurveSample(fit, Curve(family, parameters[:, :-1], fit.curve.reference), parameters[:, -1])


def resample_means(values: FloatArray, outcomes: Outcomes, resampling: Resampling) -> FloatArray:
    """Means of a figure ``values`` (T, C) over resampled trainings and courses, (B,)."""
    trainings = resampling.training_weights(outcomes.arm, outcomes.sizes, outcomes.seeds)
    return weighted_means(values, trainings, resampling.course_weights(outcomes.scenarios))


def weighted_means(values: FloatArray, trainings: FloatArray, courses: FloatArray) -> FloatArray:
    """Means of ``values`` (T, C) for B weights of the ``trainings`` (B, T) and ``courses`` (B, C), (B,)."""
    sums = np.einsum("bt,tc,bc->b", trainings, values, courses, optimize=True)
    return np.asarray(sums / trainings.sum(axis=1) / courses.sum(axis=1))


def percentile_interval(value: float, draws: FloatArray) -> Estimate:
    """An estimate with the percentile interval of its resampled values."""
    low, high = np.quantile(draws, TAILS)
    return Estimate(value, float(low), float(high))


def fraction_interval(values: FloatArray, draws: FloatArray, courses: int) -> Estimate:
    """The fraction of ``values`` (T, C) of 0 or 1, with the percentile interval of its draws (B,).

    If all values are equal, no draw varies: the interval is Wilson's for the number of independent courses.
    """
    value = float(values.mean())
    if np.ptp(values) == 0.0:
        return Estimate(value, *wilson(value, courses))
    return percentile_interval(value, draws)


def difference_interval(value: float, draws: FloatArray, newcombe: Estimate) -> Estimate:
    """The percentile interval of the draws (B,) of a paired difference; Newcombe's if no draw varies."""
    return newcombe if np.ptp(draws) < 1e-12 else percentile_interval(value, draws)


def band(draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Pointwise interval of resampled curves (B, G): its lower and upper ends, each (G,)."""
    low, high = np.quantile(draws, TAILS, axis=0)
    return low, high
