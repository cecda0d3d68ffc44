"""Where curves cross: known curves by hand, and simulated studies whose crossing must be recovered."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import binom
from simulated_study import (
    CROSSING_ROWS,
    END_TO_END,
    MODULAR,
    SIZES,
    TrueCurve,
    simulated_outcomes,
    training_row,
)

from drive_stack.config import load_model
from drive_stack.evaluation.statistics import Estimate
from drive_stack.study.comparison.crossings import (
    Competitor,
    Crossing,
    NoCrossing,
    Verdict,
    find_crossing,
    lasting_overtaking,
)
from drive_stack.study.config import DEFAULT_PLAN, Axis, StudyPlan, load_plan
from drive_stack.study.costs import CostMap, cost_map, cost_of
from drive_stack.study.curves import Curve, FamilyName
from drive_stack.study.fitting import Fit
from drive_stack.study.resampling import CurveSample, Resampling, resample_curve

PLAN = load_plan()


def competitor(arm: str, curves: list[TrueCurve], axis: Axis = Axis.MINUTES, **costs: object) -> Competitor:
    """An arm whose replicates are known curves; the first is also the fit to all drives."""
    parameters = np.array(
        [[logit(c.floor + c.scale), c.floor / (c.floor + c.scale), c.exponent] for c in curves]
    )
    fit = Fit(Curve(FamilyName.SHIFTED_POWER, parameters[0], 1000.0), 5.0, -100.0, 40)
    sample = CurveSample(fit, Curve(FamilyName.SHIFTED_POWER, parameters, 1000.0), np.full(len(curves), 5.0))
    trainings = [training_row(arm, size, 0, **costs) for size in SIZES]
    return Competitor.fitted(arm, sample, cost_map(trainings, axis, PLAN))


def crossing_of(incumbent: list[TrueCurve], challenger: list[TrueCurve]) -> Crossing:
    found = find_crossing(
        Axis.MINUTES, competitor("modular", incumbent), competitor("end_to_end", challenger), 1000.0
    )
    assert isinstance(found, Crossing)
    return found


def test_two_curves_cross_where_they_are_equal() -> None:
    found = crossing_of([MODULAR], [END_TO_END])
    minutes = CROSSING_ROWS / 5.0 / 60.0
    assert found.estimate == pytest.approx(minutes, rel=1e-3)
    assert found.position.value == found.position.low == found.position.high == found.estimate
    assert found.range == pytest.approx((1000.0 / 300.0, 128_000.0 / 300.0))
    assert (found.never_in_range, found.never, found.ahead_from_start) == (0, 0, 0)


@pytest.mark.parametrize(
    ("challenger", "estimate", "never_in_range", "never", "ahead"),
    [
        (TrueCurve(0.05, 0.10, 0.5), 0.0, 1, 1, 1),  # better everywhere
        (TrueCurve(0.25, 0.50, 0.5), math.inf, 1, 1, 0),  # worse everywhere
        (TrueCurve(0.20, 0.05, 0.5), math.inf, 0, 0, 1),  # better first, then overtaken: 0.15x − 0.05x = 0.05
        (TrueCurve(0.1515, 0.10, 0.5), 0.0, 1, 0, 1),  # overtaken at x = 0.03, r = 1111, beyond the range
        # 0.15 + 0.15x = 0.14 + 0.80x for x = 1/65, r = 4225: beyond the range, within its extrapolation
        (TrueCurve(0.14, 0.80, 0.5), 4_225_000.0 / 300.0, 1, 0, 0),
        (TrueCurve(0.1499, 0.80, 0.5), math.inf, 1, 1, 0),  # r = 42 million: beyond the extrapolation
    ],
)
def test_what_else_may_happen(
    challenger: TrueCurve, estimate: float, never_in_range: int, never: int, ahead: int
) -> None:
    found = crossing_of([MODULAR], [challenger])
    assert found.estimate == pytest.approx(estimate, rel=1e-2)
    assert (found.never_in_range, found.never) == (never_in_range, never)
    assert found.ahead_from_start == ahead


def test_replicates_without_a_crossing_make_the_interval_unbounded() -> None:
    worse = TrueCurve(0.25, 0.50, 0.5)
    found = crossing_of([MODULAR] * 10, [END_TO_END] * 9 + [worse])
    assert found.never == found.never_in_range == 0.1
    assert found.position.high == math.inf
    assert found.position.value == found.estimate
    assert crossing_of([MODULAR] * 100, [END_TO_END] * 99 + [worse]).position.high < math.inf


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (10.0, 128_000.0 / 300.0, Verdict.OVERTAKES),
        (0.0, 128_000.0 / 300.0, Verdict.AHEAD_AT_END),
        (0.0, 0.0, Verdict.LEADS),
        (10.0, 427.0, Verdict.UNDECIDED),
        (0.0, math.inf, Verdict.UNDECIDED),
        (427.0, math.inf, Verdict.DOES_NOT),
        (math.inf, math.inf, Verdict.DOES_NOT),
    ],
)
def test_the_interval_decides(low: float, high: float, verdict: Verdict) -> None:
    found = crossing_of([MODULAR], [END_TO_END])
    moved = replace(found, range=(10.0 / 3.0, 128_000.0 / 300.0), position=Estimate(100.0, low, high))
    assert moved.verdict is verdict


def test_labels_that_cost_the_challenger_four_times_as_much_move_the_crossing() -> None:
    pair = [
        competitor("modular", [MODULAR], Axis.LABEL_HOURS),
        competitor("end_to_end", [END_TO_END], Axis.LABEL_HOURS),
    ]
    costs = pair[1].costs
    assert costs is not None
    pair[1] = replace(pair[1], costs=CostMap(costs.log_rows, costs.log_costs + math.log(4.0)))
    found = find_crossing(Axis.LABEL_HOURS, pair[0], pair[1], 1000.0)
    assert isinstance(found, Crossing)
    # at the same cost it has a quarter of the rows, so that its x = r^−0.5 is twice as large:
    # 0.15 + 0.15·x = 0.02 + 1.60·x for x = 0.13 / 1.45
    rows = 1000.0 * (1.45 / 0.13) ** 2
    hours = rows * (7.0 + 0.2 * 5.0) / 3600.0  # a box in each row, lanes in every fifth
    assert found.estimate == pytest.approx(hours, rel=0.01)


def test_axes_on_which_a_crossing_makes_no_sense() -> None:
    modular, other = competitor("modular", [MODULAR]), competitor("end_to_end", [END_TO_END])
    assert isinstance(find_crossing(Axis.DECISION_MS, modular, other, 10.0), NoCrossing)
    free = find_crossing(Axis.LABEL_HOURS, modular, replace(other, costs=None), 10.0)
    assert isinstance(free, NoCrossing) and free.reason.startswith("end_to_end costs nothing more")
    far = CostMap(np.log([1000.0, 2000.0]), np.log([1e6, 2e6]))
    apart = find_crossing(Axis.LABEL_HOURS, modular, replace(other, costs=far), 10.0)
    assert isinstance(apart, NoCrossing) and "no common amount" in apart.reason


def test_a_challenger_that_loses_its_lead_within_the_range_does_not_overtake() -> None:
    # 0.15 + 0.15x = 0.28 + 0.01x for x = 0.93: ahead at 1,000 rows alone
    found = crossing_of([MODULAR] * 100, [TrueCurve(0.28, 0.01, 0.5)] * 100)
    assert found.ahead_from_start == 1.0
    assert found.estimate == math.inf and found.verdict is Verdict.DOES_NOT


def test_a_lead_that_is_lost_and_regained_counts_from_where_it_is_regained() -> None:
    # 0.15 + 0.5/r against 0.6·r^−0.3: 0.65 and 0.60 at r = 1, 0.32 and 0.43 at 3, 0.154 and 0.140 at 128
    found = crossing_of([TrueCurve(0.15, 0.5, 1.0)], [TrueCurve(0.0, 0.6, 0.3)])
    assert (found.ahead_from_start, found.verdict) == (1.0, Verdict.OVERTAKES)
    thousands = found.estimate * 300.0 / 1000.0
    assert 50.0 < thousands < 128.0
    assert 0.15 + 0.5 / thousands == pytest.approx(0.6 * thousands**-0.3, rel=1e-3)


def test_the_last_lead_is_interpolated_in_the_logarithm() -> None:
    amounts = np.array([1.0, 10.0, 100.0, 1000.0])  # the range ends at 100
    cases = [
        ([-1.0, 1.0, 1.0, 1.0], 10.0**0.5),
        ([-1.0, -1.0, 3.0, -1.0], 10.0**1.25),
        ([1.0, -1.0, 1.0, 1.0], 10.0**1.5),  # lost and regained
        ([1.0, 1.0, -1.0, 1.0], 10.0**2.5),  # lost, and regained beyond the range
        ([1.0, 1.0, -1.0, -1.0], math.inf),
        ([-1.0, -2.0, -0.1, -0.1], math.inf),
        ([1.0, 1.0, 1.0, -1.0], 0.0),
        ([1.0, 1.0, 1.0, 1.0], 0.0),
    ]
    leads = np.array([lead for lead, _ in cases])
    expected = [position for _, position in cases]
    np.testing.assert_allclose(lasting_overtaking(amounts, leads, 2), expected)
    np.testing.assert_allclose(lasting_overtaking(amounts[:3], leads[-2:, :3], 2), [0.0, 0.0])


def test_the_range_is_where_both_arms_were_measured() -> None:
    modular, other = competitor("modular", [MODULAR]), competitor("end_to_end", [END_TO_END])
    inner = CostMap(np.log([4000.0, 64_000.0]), np.log([4000.0 / 300.0, 64_000.0 / 300.0]))
    for pair in ((modular, replace(other, costs=inner)), (replace(modular, costs=inner), other)):
        found = find_crossing(Axis.MINUTES, *pair, 1000.0)
        assert isinstance(found, Crossing)
        assert found.range == pytest.approx((4000.0 / 300.0, 64_000.0 / 300.0))
        assert found.estimate == pytest.approx(CROSSING_ROWS / 300.0, rel=1e-2)


def test_costs_by_hand() -> None:
    row = training_row(
        "modular", 3000, 0, boxes=3600, lane_frames=720, distances=1200, core_hours=2.5, decision_ms=40.0
    )
    assert cost_of(row, Axis.MINUTES, PLAN) == 10.0  # 3,000 rows at 5 Hz
    assert cost_of(row, Axis.LABEL_HOURS, PLAN) == pytest.approx(7.0 + 1.0 + 1.0)
    charged = load_model(DEFAULT_PLAN, StudyPlan, ["prices.control.seconds=1.2"])  # for 3,000 controls
    row = replace(row, controls=3000)
    assert cost_of(row, Axis.LABEL_HOURS, charged) == pytest.approx(9.0 + 1.0)
    assert cost_of(row, Axis.CORE_HOURS, PLAN) == 2.5
    assert cost_of(row, Axis.DECISION_MS, PLAN) == 40.0


def growth_of(core_hours: dict[int, float]) -> CostMap | None:
    trainings = [training_row("modular", size, 0, core_hours=hours) for size, hours in core_hours.items()]
    return cost_map(trainings, Axis.CORE_HOURS, PLAN)


def test_rows_that_a_cost_buys() -> None:
    growth = growth_of({1000: 1.0, 4000: 2.0, 16_000: 8.0})
    assert growth is not None and growth.range == pytest.approx((1.0, 8.0))
    costs = np.array([1.0, 2.0**0.5, 2.0, 4.0, 8.0])
    rows = np.array([1000.0, 2000.0, 4000.0, 8000.0, 16_000.0])
    np.testing.assert_allclose(growth.rows(costs), rows)
    np.testing.assert_allclose(growth.costs(rows), costs)
    # beyond the first and the last size in proportion to the rows
    np.testing.assert_allclose(growth.rows(np.array([64.0, 1.0 / 8.0])), [128_000.0, 125.0])
    np.testing.assert_allclose(growth.costs(np.array([128_000.0, 125.0])), [64.0, 1.0 / 8.0])


def test_costs_that_hardly_grow_are_not_extrapolated_by_their_slope() -> None:
    growth = growth_of({1000: 1.0, 64_000: 1.2})
    assert growth is not None
    np.testing.assert_allclose(growth.rows(np.array([12.0])), [640_000.0])


@pytest.mark.parametrize(("factor", "compared"), [(1.99, False), (2.01, True)])
def test_amounts_of_too_small_a_span_have_no_crossing(factor: float, compared: bool) -> None:
    """Both arms were measured between 100 and 100 times the factor; one of them also at more."""
    narrow = CostMap(np.log([1000.0, 64_000.0]), np.log([100.0, 100.0 * factor]))
    wide = CostMap(np.log([1000.0, 64_000.0]), np.log([50.0, 3200.0]))
    pair = [
        replace(competitor(arm, [curve]), costs=costs)
        for arm, curve, costs in (("modular", MODULAR, wide), ("end_to_end", END_TO_END, narrow))
    ]
    found = find_crossing(Axis.CORE_HOURS, pair[0], pair[1], 10.0)
    assert isinstance(found, Crossing) == compared
    assert compared or (isinstance(found, NoCrossing) and "differ by less than 2 times" in found.reason)


def test_costs_that_do_not_grow() -> None:
    assert growth_of({1000: 3.0, 2000: 3.0, 4000: 3.0}) is None
    assert growth_of({1000: 0.0, 2000: 0.0}) is None
    capped = growth_of({1000: 1.0, 2000: 2.0, 4000: 2.0})  # of equal costs the most data count
    assert capped is not None
    np.testing.assert_allclose(capped.rows(np.array([1.0, 2.0])), [1000.0, 4000.0])
    noisy = growth_of({1000: 1.0, 2000: 4.0, 4000: 1.0, 8000: 8.0})  # both middle ones get their mean, 2
    assert noisy is not None
    np.testing.assert_allclose(noisy.costs(np.array([1000.0, 4000.0, 8000.0])), [1.0, 2.0, 8.0])


def recovered(seed: int, replicates: int) -> Crossing:
    arms = simulated_outcomes({"modular": MODULAR, "end_to_end": END_TO_END}, seed=seed)
    resampling = Resampling(replicates, 0)
    pair = [
        Competitor.fitted(
            arm,
            resample_curve(own, FamilyName.SHIFTED_POWER, resampling),
            cost_map(own.trainings, Axis.MINUTES, PLAN),
        )
        for arm, own in arms.items()
    ]
    found = find_crossing(Axis.MINUTES, pair[0], pair[1], 1000.0)
    assert isinstance(found, Crossing)
    return found


def test_a_simulated_crossing_is_recovered() -> None:
    found = recovered(seed=1, replicates=100)
    minutes = CROSSING_ROWS / 300.0
    assert found.position.low <= minutes <= found.position.high
    assert found.position.low > minutes / 8.0  # and the interval says something
    assert found.estimate == pytest.approx(found.position.value, rel=0.5)
    assert found.ahead_from_start == 0.0


@pytest.mark.slow
def test_intervals_cover_the_true_crossing() -> None:
    """At least as often as 95 %; the bootstrap errs towards intervals that are too wide."""
    minutes, studies = CROSSING_ROWS / 300.0, 20
    found = [recovered(seed, 100) for seed in range(1000, 1000 + studies)]
    covered = sum(item.position.low <= minutes <= item.position.high for item in found)
    assert binom.cdf(covered, studies, 0.95) > 0.01
    widths = [math.log2(item.position.high / item.position.low) for item in found]
    assert np.median(widths) < 3.0  # octaves
