"""Splits the variance of success into training seeds, courses and the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive_stack.study.outcomes import Outcomes
from drive_stack.types import FloatArray


@dataclass(frozen=True, slots=True)
class VarianceSplit:
    """Variance components of one drive's success (0 or 1) at a fixed size."""

    trainings: float
    courses: float
    rest: float  # course by training, with the chance of a single drive

    @property
    def total(self) -> float:
        """Variance of a drive on a new course by a new training."""
        return self.trainings + self.courses + self.rest

    def of_mean(self, trainings: int, courses: int) -> VarianceSplit:
        """The components of the variance of mean success over so many trainings and courses."""
        return VarianceSplit(
            self.trainings / trainings, self.courses / courses, self.rest / (trainings * courses)
        )


def split_variance(outcomes: Outcomes) -> VarianceSplit | None:
    """Variance components of an arm, over all sizes with at least two trainings; None without one.

    The analysis of variance of a crossed random model with one value per cell (Searle, Casella and McCulloch,
    Variance Components, 1992): the mean squares equal their expectations. The sums of squares of all sizes
    are pooled, so that differences between sizes do not count. Negative components become 0.
    """
    success = (~outcomes.failed).astype(np.float64)
    groups = [success[outcomes.sizes == size] for size in np.unique(outcomes.sizes)]
    groups = [group for group in groups if len(group) > 1]
    if not groups or len(outcomes.courses) < 2:
        return None
    squares = np.array([_sums_of_squares(group) for group in groups]).sum(axis=0)
    courses = len(outcomes.courses)
    seeds = np.array([len(group) for group in groups])
    freedom = np.array(
        [(seeds - 1).sum(), len(groups) * (courses - 1), (seeds - 1).sum() * (courses - 1)], dtype=np.float64
    )
    by_training, by_course, rest = squares / freedom
    repeats = seeds.mean()  # trainings of each course
    return VarianceSplit(
        max(0.0, float((by_training - rest) / courses)),
        max(0.0, float((by_course - rest) / repeats)),
        float(rest),
    )


def _sums_of_squares(values: FloatArray) -> tuple[float, float, float]:
    """Of the trainings, of the courses and of the rest, for values (T, C)."""
    trainings, courses = values.shape
    by_training = values.mean(axis=1, keepdims=True)
    by_course = values.mean(axis=0, keepdims=True)
    mean = values.mean()
    rest = values - by_training - by_course + mean
    return (
        float(courses * np.sum((by_training - mean) ** 2)),
        float(trainings * np.sum((by_course - mean) ** 2)),
        float(np.sum(rest**2)),
    )
