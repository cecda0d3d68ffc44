"""What the study's design can tell: how often simulated studies of it come to each verdict.

    PYTHONPATH=tests/support python -m simulated_study.design_table [STUDIES [REPLICATES]]

prints the table of docs/study/protocol.md; 60 studies of 100 replicates take ten minutes on one core.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from drive_stack.study.comparison.crossings import Competitor, Crossing, Verdict, find_crossing
from drive_stack.study.comparison.equal_success import DataRatio, data_ratios
from drive_stack.study.comparison.size_means import competitor_by_means
from drive_stack.study.config import Axis, load_plan
from drive_stack.study.costs import cost_map
from drive_stack.study.curves import FamilyName
from drive_stack.study.outcomes import Outcomes
from drive_stack.study.resampling import Resampling, resample_curve
from simulated_study import CROSSING_ROWS, END_TO_END, MODULAR, SIZES, TrueCurve, simulated_outcomes

PLAN = load_plan()
COURSES = 44
Pair = tuple[TrueCurve, TrueCurve]
WORLDS: Mapping[str, Pair] = {
    "a crossing at 83 min": (MODULAR, END_TO_END),
    "no crossing": (TrueCurve(0.01, 0.25, 0.8), TrueCurve(0.05, 0.8, 0.5)),
    "equal floors": (TrueCurve(0.03, 0.25, 0.8), TrueCurve(0.03, 0.8, 0.5)),
}


@dataclass(frozen=True)
class Result:
    """What one simulated study says."""

    crossing: Crossing
    by_means: Verdict
    ratios: tuple[DataRatio, ...]


def simulate_study(pair: Pair, seed_std: float, seed: int, replicates: int) -> Result:
    arms = dict(zip(("modular", "end_to_end"), pair, strict=True))
    outcomes = simulated_outcomes(arms, courses=COURSES, seed_std=seed_std, seed=seed, shared_effects=True)
    resampling = Resampling(replicates, 0)

    def fitted(own: Outcomes) -> Competitor:
        sample = resample_curve(own, FamilyName.SHIFTED_POWER, resampling)
        return Competitor.fitted(own.arm, sample, cost_map(own.trainings, Axis.MINUTES, PLAN))

    def by_means(own: Outcomes) -> Competitor:
        return competitor_by_means(own, resampling, cost_map(own.trainings, Axis.MINUTES, PLAN))

    curves, means = ([make(own) for own in outcomes.values()] for make in (fitted, by_means))
    crossing, plain = (
        find_crossing(Axis.MINUTES, both[0], both[1], PLAN.analysis.extrapolation) for both in (curves, means)
    )
    assert isinstance(crossing, Crossing) and isinstance(plain, Crossing)
    ratios = data_ratios(curves[0], curves[1], PLAN.analysis.levels)
    return Result(crossing, plain.verdict, tuple(ratios))


def holds(item: DataRatio, pair: Pair) -> bool:
    """Whether the interval of a ratio holds the true one, as finely as amounts are looked up."""
    first, second = (_needed(curve, item.success) for curve in pair)
    truth = second / first if math.isfinite(first) else 0.0
    return item.ratio.low * 0.98 <= truth <= item.ratio.high * 1.02


def _needed(curve: TrueCurve, success: float) -> float:
    """Rows within the range, from which on a curve succeeds as often; infinity if it does not."""
    rest = (1.0 - success - curve.floor) / curve.scale
    rows = SIZES[0] * max(1.0, rest ** (-1.0 / curve.exponent)) if rest > 0.0 else math.inf
    return rows if rows <= SIZES[-1] else math.inf


def table(studies: int, replicates: int) -> Iterator[str]:
    header = [
        "true curves", "effect of seeds [logit]", "overtakes", "does not", "too wide", "too wide, no curves",
        "intervals that hold the crossing", "intervals that hold a data ratio",
    ]  # fmt: skip
    yield f"| {' | '.join(header)} |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for name, pair in WORLDS.items():
        for seed_std in (0.25, 0.5):
            results = [simulate_study(pair, seed_std, seed, replicates) for seed in range(studies)]
            verdicts = Counter(result.crossing.verdict for result in results)
            wide = sum(result.by_means is Verdict.UNDECIDED for result in results)
            true = CROSSING_ROWS / PLAN.rows_per_second / 60.0
            held = np.mean([r.crossing.position.low <= true <= r.crossing.position.high for r in results])
            ratios = np.mean([holds(item, pair) for result in results for item in result.ratios])
            counts = (verdicts[v] for v in (Verdict.OVERTAKES, Verdict.DOES_NOT, Verdict.UNDECIDED))
            known = f"{100.0 * held:.0f} %" if pair == (MODULAR, END_TO_END) else "–"
            cells = [name, f"{seed_std:g}", *counts, wide, known, f"{100.0 * ratios:.0f} %"]
            yield f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]] or [60, 100]
    for line in table(numbers[0], numbers[1] if len(numbers) > 1 else 100):
        print(line, flush=True)
