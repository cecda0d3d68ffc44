"""How many times as much data does one arm need as another for equal success?

Unlike a crossing, this ratio also says something where one arm is better over the whole range.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.statistics import Estimate
from drive_stack.study.comparison.crossings import Competitor, FailureCurves
from drive_stack.study.costs import common_range
from drive_stack.study.resampling import TAILS
from drive_stack.types import FloatArray

_POINTS = 400  # amounts at which the curves are looked up


@dataclass(frozen=True, slots=True)
class DataRatio:
    """The challenger's amount over the incumbent's at which both succeed equally often.

    Amounts are looked up in the range at which both arms were measured. Where the incumbent succeeds as often
    at its start already, the true ratio is larger (`at_least`). Where the challenger never does, the ratio is
    infinite.
    """

    incumbent: str
    challenger: str
    success: float
    ratio: Estimate  # of the fits to all drives, and interval of the replicates
    at_least: bool  # the fit of the incumbent is as good at the start of the range
    neither: float  # fraction of the replicates in which neither arm is as good; the interval is without them


def data_ratios(
    incumbent: Competitor, challenger: Competitor, levels: Sequence[float]
) -> Iterator[DataRatio]:
    """The ratio for each level of success that one of the arms reaches by its fit to all drives.

    Both arms are resampled with the same courses, and their costs are on the same axis. There is none without
    costs that grow with the data, or without a common range.
    """
    if incumbent.costs is None or challenger.costs is None:
        return
    low, high = common_range(incumbent.costs, challenger.costs)
    if low >= high:
        return
    amounts = np.geomspace(low, high, _POINTS)
    rows = incumbent.costs.rows(amounts), challenger.costs.rows(amounts)
    for level in levels:
        first = _reached(incumbent.best, rows[0], amounts, level)
        second = _reached(challenger.best, rows[1], amounts, level)
        if math.isinf(first[0]) and math.isinf(second[0]):
            continue
        needed = (
            _reached(incumbent.drawn, rows[0], amounts, level),
            _reached(challenger.drawn, rows[1], amounts, level),
        )
        known = np.isfinite(needed[0]) | np.isfinite(needed[1])
        ratios = needed[1][known] / needed[0][known]
        ends = np.quantile(ratios, TAILS, method="inverted_cdf") if known.any() else (0.0, math.inf)
        yield DataRatio(
            incumbent=incumbent.arm,
            challenger=challenger.arm,
            success=level,
            ratio=Estimate(float(second[0] / first[0]), float(ends[0]), float(ends[1])),
            at_least=bool(first[0] == low),
            neither=float(np.mean(~known)),
        )


def _reached(curves: FailureCurves, rows: FloatArray, amounts: FloatArray, success: float) -> FloatArray:
    """The least of ``amounts`` (G,), which buy ``rows`` (G,), for so much success by each of B curves, (B,).

    Infinity where no amount suffices.
    """
    good = curves.failure(rows) <= 1.0 - success
    return np.where(good.any(axis=1), amounts[np.argmax(good, axis=1)], math.inf)
