"""What shifts cost trained drivers: success on base courses and on their shifted twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.statistics import Estimate, paired_fraction_difference
from drive_stack.evaluation.summary import Course
from drive_stack.shifts import base_and_shift
from drive_stack.study.outcomes import Outcomes
from drive_stack.study.resampling import Resampling, difference_interval, fraction_interval, weighted_means


@dataclass(frozen=True, slots=True)
class ShiftedCell:
    """One arm at one size: means over its trainings and over all pairs of a base and a shifted course."""

    arm: str
    size: int
    trainings: int
    pairs: int
    base: Estimate  # success on the base of each pair, 0 … 1
    shifted: Estimate
    drop: Estimate  # base − shifted, −1 … 1
    by_family: Mapping[str, float]  # success on the shifted courses of each family


def shifted_cells(outcomes: Outcomes, resampling: Resampling) -> tuple[ShiftedCell, ...]:
    """The cells of an arm on a suite of pairs, the smallest size first; none without a pair.

    The bootstrap draws trainings and base courses. A base course and all its twins share a world, so they are
    drawn together.
    """
    pairs = _pairs(outcomes.courses)
    sizes = np.unique(outcomes.sizes).tolist() if pairs else []
    return tuple(_cell(outcomes.at(size), size, pairs, resampling) for size in sizes)


@dataclass(frozen=True, slots=True)
class _Pair:
    base: int  # numbers of courses
    shifted: int
    family: str


def _pairs(courses: Sequence[Course]) -> list[_Pair]:
    """The shifted courses whose base is there too."""
    numbers = {course: number for number, course in enumerate(courses)}
    pairs = []
    for (scenario, seed), number in numbers.items():
        base, shift = base_and_shift(scenario)
        if shift is not None and (base, seed) in numbers:
            pairs.append(_Pair(numbers[base, seed], number, shift.family))
    return pairs


def _cell(outcomes: Outcomes, size: int, pairs: list[_Pair], resampling: Resampling) -> ShiftedCell:
    success = (~outcomes.failed).astype(np.float64)
    worlds = sorted({pair.base for pair in pairs})
    twins = np.array([[pair.base == world for pair in pairs] for world in worlds], dtype=np.float64)
    base = success[:, [pair.base for pair in pairs]]  # (T, pairs)
    shifted = success[:, [pair.shifted for pair in pairs]]
    trainings = resampling.training_weights(outcomes.arm, outcomes.sizes, outcomes.seeds)  # (B, T)
    drawn = (
        resampling.course_weights([outcomes.scenarios[world] for world in worlds]) @ twins
    )  # weight of each pair, (B, pairs)
    of_base, of_shifted = (weighted_means(values, trainings, drawn) for values in (base, shifted))
    families = sorted({pair.family for pair in pairs})
    return ShiftedCell(
        arm=outcomes.arm,
        size=size,
        trainings=len(outcomes.trainings),
        pairs=len(pairs),
        base=fraction_interval(base, of_base, len(worlds)),
        shifted=fraction_interval(shifted, of_shifted, len(worlds)),
        drop=difference_interval(
            float(base.mean() - shifted.mean()),
            of_base - of_shifted,
            paired_fraction_difference(
                (base > 0.0).ravel().tolist(),
                (shifted > 0.0).ravel().tolist(),
                [pair.base for pair in pairs] * len(base),
            ),
        ),
        by_family={
            name: float(shifted[:, [pair.family == name for pair in pairs]].mean()) for name in families
        },
    )
