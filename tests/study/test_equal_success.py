"""How much more data one arm needs, and crossings without fitted curves, by hand and on simulated studies."""

import math

import numpy as np
import pytest
from simulated_study import CROSSING_ROWS, END_TO_END, MODULAR, simulated_outcomes

from drive_stack.study.comparison.crossings import Competitor, Crossing, find_crossing
from drive_stack.study.comparison.equal_success import DataRatio, data_ratios
from drive_stack.study.comparison.size_means import SizeMeans, competitor_by_means
from drive_stack.study.config import Axis, load_plan
from drive_stack.study.costs import CostMap, cost_map
from drive_stack.study.resampling import Resampling

PLAN = load_plan()
ROWS = np.log([1000.0, 10_000.0, 100_000.0])
MINUTES = CostMap(np.log([1000.0, 100_000.0]), np.log([1000.0, 100_000.0]) - math.log(300.0))


def arm(name: str, *failures: list[float], costs: CostMap | None = MINUTES) -> Competitor:
    """An arm by its failures at 1,000, 10,000 and 100,000 rows in each replicate; the first is the fit."""
    drawn = np.array(failures)
    return Competitor(name, SizeMeans(ROWS, drawn[:1]), SizeMeans(ROWS, drawn), costs)


def ratio(incumbent: Competitor, challenger: Competitor, level: float) -> DataRatio | None:
    return next(iter(data_ratios(incumbent, challenger, [level])), None)


def test_means_are_joined_in_the_logarithm_and_constant_beyond() -> None:
    curves = SizeMeans(ROWS, np.array([[0.8, 0.4, 0.2], [1.0, 1.0, 0.0]]))
    sizes = np.array([10.0, 1000.0, 1000.0 * 10.0**0.5, 10_000.0, 1e6])
    np.testing.assert_allclose(curves.failure(sizes), [[0.8, 0.8, 0.6, 0.4, 0.2], [1.0, 1.0, 1.0, 1.0, 0.0]])


def test_ten_times_the_data_by_hand() -> None:
    found = ratio(arm("modular", [0.9, 0.4, 0.0]), arm("end_to_end", [0.95, 0.9, 0.4]), 0.6)
    assert found is not None and found.ratio.value == pytest.approx(10.0, rel=0.02)
    assert (found.ratio.low, found.ratio.high) == (found.ratio.value, found.ratio.value)
    assert not found.at_least and found.neither == 0.0


def test_an_incumbent_that_is_good_from_the_start_gives_a_bound() -> None:
    found = ratio(arm("modular", [0.3, 0.2, 0.1]), arm("end_to_end", [0.9, 0.4, 0.1]), 0.6)
    assert found is not None and found.at_least and found.ratio.value == pytest.approx(10.0, rel=0.02)


def test_a_challenger_that_never_gets_there_needs_more_than_was_measured() -> None:
    good, bad = [0.9, 0.4, 0.1], [0.9, 0.8, 0.7]
    found = ratio(arm("modular", good), arm("end_to_end", bad), 0.6)
    assert found is not None and found.ratio.value == math.inf
    other = ratio(arm("modular", bad), arm("end_to_end", good), 0.6)
    assert other is not None and other.ratio.value == 0.0
    assert ratio(arm("modular", bad), arm("end_to_end", bad), 0.6) is None
    assert ratio(arm("modular", good), arm("end_to_end", bad, costs=None), 0.6) is None


def test_replicates_in_which_neither_is_good_are_left_out() -> None:
    good, bad = [0.9, 0.4, 0.0], [0.95, 0.9, 0.8]
    found = ratio(arm("modular", good, good, bad, bad), arm("end_to_end", bad, good, bad, bad), 0.6)
    assert found is not None and found.neither == 0.5
    assert (found.ratio.low, found.ratio.high) == (1.0, math.inf)


def test_a_simulated_crossing_is_recovered_without_curves() -> None:
    arms = simulated_outcomes({"modular": MODULAR, "end_to_end": END_TO_END}, seed=1)
    first, second = (
        competitor_by_means(own, Resampling(200, 0), cost_map(own.trainings, Axis.MINUTES, PLAN))
        for own in arms.values()
    )
    found = find_crossing(Axis.MINUTES, first, second, 1000.0)
    assert isinstance(found, Crossing)
    minutes = CROSSING_ROWS / 300.0
    assert found.position.low <= minutes <= found.position.high
    assert minutes / 4.0 < found.position.low  # above, a lead must hold at one last noisy size
    assert found.estimate == pytest.approx(minutes, rel=0.5)
    # for 60 % success: 0.02 + 0.80·r^−0.5 = 0.4 for r = 4.43, and modular fails on 0.3 at r = 1 already
    easy = ratio(first, second, 0.6)
    assert easy is not None and easy.at_least and easy.ratio.low <= 4.43 <= easy.ratio.high
