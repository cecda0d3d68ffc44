"""Curves without a formula: the mean failure at each size, joined over the logarithm of the rows.

They show what the data say about a crossing without the assumption that failures fall along a power law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.study.comparison.crossings import Competitor
from drive_stack.study.costs import CostMap
from drive_stack.study.outcomes import Outcomes
from drive_stack.study.resampling import Resampling, weighted_means
from drive_stack.types import FloatArray


@dataclass(frozen=True, slots=True)
class SizeMeans:
    """B curves through the means of S sizes; constant beyond the first and the last."""

    log_rows: FloatArray  # (S,), increasing
    failures: FloatArray  # (B, S)

    def failure(self, sizes: FloatArray, /) -> FloatArray:
        """Failure probabilities (B, G) at numbers of rows (G,)."""
        place = np.interp(np.log(sizes), self.log_rows, np.arange(len(self.log_rows)))
        before = np.minimum(place.astype(np.int64), len(self.log_rows) - 2)
        part = place - before
        return np.asarray((1.0 - part) * self.failures[:, before] + part * self.failures[:, before + 1])


def competitor_by_means(outcomes: Outcomes, resampling: Resampling, costs: CostMap | None) -> Competitor:
    """An arm of at least two sizes with its means in place of fitted curves."""
    failed = outcomes.failed.astype(np.float64)
    courses = resampling.course_weights(outcomes.scenarios)
    trainings = resampling.training_weights(outcomes.arm, outcomes.sizes, outcomes.seeds)
    groups = [outcomes.sizes == size for size in np.unique(outcomes.sizes)]
    log_rows = np.log([outcomes.rows[group].mean() for group in groups])
    drawn = [weighted_means(failed[group], trainings[:, group], courses) for group in groups]
    means = np.array([failed[group].mean() for group in groups])
    return Competitor(
        outcomes.arm,
        SizeMeans(log_rows, means[None]),
        SizeMeans(log_rows, np.stack(drawn, axis=1)),
        costs,
    )
