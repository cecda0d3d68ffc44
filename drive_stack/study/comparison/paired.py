"""Paired comparisons of two arms that learned from the same number of rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from drive_stack.evaluation.statistics import (
    Estimate,
    exact_paired_test,
    holm,
    paired_fraction_difference,
)
from drive_stack.study.outcomes import Outcomes, common_courses
from drive_stack.study.resampling import Resampling, difference_interval, resample_means


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Success of ``first`` − ``second`` at one size, on the courses that both drove."""

    first: str
    second: str
    size: int
    seeds: int  # trainings of each with the same seed, which learned from the same subset
    courses: int
    of_these: Estimate  # of these trainings, on new courses: Newcombe's interval for paired fractions
    of_new: Estimate | None  # of new trainings on new courses: the bootstrap; None if an arm has only one
    p: float  # of the exact paired test of these trainings, corrected for the number of sizes


def compare_at_equal_sizes(
    first: Outcomes, second: Outcomes, resampling: Resampling
) -> tuple[PairedDifference, ...]:
    """Compare two arms at each size that both have, the smallest first; p by Holm over the sizes."""
    courses = common_courses(first, second)
    sizes = sorted(set(first.sizes.tolist()) & set(second.sizes.tolist()))
    if not courses:
        return ()
    first, second = first.on(courses), second.on(courses)
    differences = [
        difference
        for size in sizes
        if (difference := _compare(first.at(size), second.at(size), size, resampling)) is not None
    ]
    corrected = holm([difference.p for difference in differences])
    return tuple(replace(difference, p=p) for difference, p in zip(differences, corrected, strict=True))


def _compare(first: Outcomes, second: Outcomes, size: int, resampling: Resampling) -> PairedDifference | None:
    """None where no seed is common to both."""
    seeds = {row.seed for row in first.trainings} & {row.seed for row in second.trainings}
    if not seeds:
        return None
    paired = [outcomes.where(lambda row: row.seed in seeds) for outcomes in (first, second)]
    a, b = ((~outcomes.failed).ravel().tolist() for outcomes in paired)
    clusters = [course for _ in seeds for course in first.courses]
    successes = [(~outcomes.failed).astype(np.float64) for outcomes in (first, second)]
    draws = [
        resample_means(values, outcomes, resampling)
        for values, outcomes in zip(successes, (first, second), strict=True)
    ]
    value = float(successes[0].mean() - successes[1].mean())
    of_these = paired_fraction_difference(a, b, clusters)
    resampled = first.has_repeats and second.has_repeats
    return PairedDifference(
        first=first.arm,
        second=second.arm,
        size=size,
        seeds=len(seeds),
        courses=len(first.courses),
        of_these=of_these,
        of_new=difference_interval(value, draws[0] - draws[1], of_these) if resampled else None,
        p=exact_paired_test(a, b, clusters),
    )
