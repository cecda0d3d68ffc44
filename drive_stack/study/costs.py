"""The horizontal axes: what a training costs, and how much data an amount buys.

Costs are taken as known: they are not resampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from drive_stack.study.config import Axis, StudyPlan
from drive_stack.study.records import TrainingRow
from drive_stack.types import FloatArray


def cost_of(training: TrainingRow, axis: Axis, plan: StudyPlan) -> float:
    """What a training costs on an axis, in the axis's unit."""
    match axis:
        case Axis.MINUTES:
            return training.rows / plan.rows_per_second / 60.0
        case Axis.LABEL_HOURS:
            return plan.prices.hours(
                boxes=training.boxes,
                lane_frames=training.lane_frames,
                distances=training.distances,
                controls=training.controls,
            )
        case Axis.CORE_HOURS:
            return training.core_hours
        case Axis.DECISION_MS:
            return training.decision_ms


@dataclass(frozen=True, slots=True)
class CostMap:
    """Rows of an arm against their cost, by straight lines between the sizes in logarithms.

    Beyond the first and the last size the cost is proportional to the rows. The measured costs may grow far
    less, because the number of updates is capped, and their slope would make any amount of data almost free.
    """

    log_rows: FloatArray  # (K,), increasing
    log_costs: FloatArray  # (K,), increasing

    @property
    def range(self) -> tuple[float, float]:
        """The cost of the smallest and of the largest size."""
        return float(np.exp(self.log_costs[0])), float(np.exp(self.log_costs[-1]))

    def rows(self, costs: FloatArray) -> FloatArray:
        """How many rows each cost buys."""
        return np.exp(_interpolate(np.log(costs), self.log_costs, self.log_rows))

    def costs(self, rows: FloatArray) -> FloatArray:
        """What each number of rows costs."""
        return np.exp(_interpolate(np.log(rows), self.log_rows, self.log_costs))


def common_range(first: CostMap, second: CostMap) -> tuple[float, float]:
    """The least and greatest amount at which both arms were measured; not in order if there is none."""
    return max(first.range[0], second.range[0]), min(first.range[1], second.range[1])


def cost_map(trainings: Sequence[TrainingRow], axis: Axis, plan: StudyPlan) -> CostMap | None:
    """How the cost of an arm grows with its data; None where more data cost nothing more.

    The costs of a size are averaged over its seeds. Where a larger size costs less, both get their mean, and
    of sizes with equal costs only the largest is kept, because that is what this cost buys. The time of a
    decision does not depend on the amount of data, so this axis has no such map.
    """
    if axis is Axis.DECISION_MS:
        return None
    rows, costs = _means_by_size(trainings, axis, plan)
    if len(rows) < 2 or not np.all(costs > 0.0):
        return None
    log_costs = isotonic_regression(np.log(costs)).x
    kept = np.append(np.diff(log_costs) > 1e-9, True)
    if kept.sum() < 2:
        return None
    return CostMap(np.log(rows[kept]), log_costs[kept])


def _means_by_size(
    trainings: Sequence[TrainingRow], axis: Axis, plan: StudyPlan
) -> tuple[FloatArray, FloatArray]:
    """Mean rows and mean cost of each nominal size."""
    sizes = sorted({training.size for training in trainings})
    own = [[training for training in trainings if training.size == size] for size in sizes]
    rows = [np.mean([training.rows for training in group]) for group in own]
    costs = [np.mean([cost_of(training, axis, plan) for training in group]) for group in own]
    return np.array(rows, dtype=np.float64), np.array(costs, dtype=np.float64)


def _interpolate(values: FloatArray, knots: FloatArray, targets: FloatArray) -> FloatArray:
    """``targets`` at ``values``, by straight lines between the ``knots`` and with slope 1 beyond them."""
    inside = np.interp(values, knots, targets)
    below, above = np.minimum(values - knots[0], 0.0), np.maximum(values - knots[-1], 0.0)
    return np.asarray(inside + below + above)
