"""Families of curves, and fits of them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from simulated_study import SIZES

from drive_stack.study.curves import FAMILIES, Curve, FamilyName
from drive_stack.study.fitting import Fit, compare_families, fit_curve
from drive_stack.study.likelihood import Counts

SHIFTED, POWER, LOGISTIC = FamilyName.SHIFTED_POWER, FamilyName.POWER, FamilyName.LOGISTIC
ROWS = np.array(SIZES, float)


def exact_counts(curve: Curve, courses: float = 1e5, repeats: int = 2) -> Counts:
    """The failures that a curve expects, of many courses."""
    rows = np.repeat(ROWS, repeats)
    return Counts.of(rows, courses * curve.failure(rows), np.full(len(rows), courses))


@pytest.mark.parametrize(
    ("family", "parameters", "expected"),
    [
        (SHIFTED, [0.0, 0.2, 1.0], 0.5 * (0.2 + 0.8 / 4.0)),
        (SHIFTED, [0.0, 0.2, 0.5], 0.5 * (0.2 + 0.8 / 2.0)),
        (SHIFTED, [logit(0.8), 0.0, 1.0], 0.2),
        (POWER, [0.0, 0.5], 0.25),
        (LOGISTIC, [0.0, 1.0], 1.0 / (1.0 + 4.0)),
    ],
)
def test_failure_at_four_times_the_reference_by_hand(
    family: FamilyName, parameters: list[float], expected: float
) -> None:
    curve = Curve(family, np.array(parameters), 1000.0)
    assert curve.failure(np.array([4000.0])) == pytest.approx([expected])
    assert curve.success(np.array([4000.0])) == pytest.approx([1.0 - expected])


def test_below_the_reference_a_probability_is_at_most_one() -> None:
    assert Curve(POWER, np.array([2.0, 2.0]), 1000.0).failure(np.array([10.0])) == 1.0


def test_many_curves_at_once_are_the_same_as_one_by_one() -> None:
    parameters = np.array([[0.0, 0.2, 1.0], [1.0, 0.1, 0.5]])
    together = Curve(SHIFTED, parameters, 1000.0).failure(ROWS)
    assert together.shape == (2, len(ROWS))
    for each, own in zip(together, parameters, strict=True):
        np.testing.assert_allclose(each, Curve(SHIFTED, own, 1000.0).failure(ROWS))


@given(st.sampled_from(FamilyName), st.floats(-4.0, 4.0), st.floats(0.05, 0.95), st.floats(0.05, 2.0))
def test_slopes_are_those_of_the_curve(
    family: FamilyName, first: float, floor: float, exponent: float
) -> None:
    curves, log_ratio = FAMILIES[family], np.log(ROWS / 1000.0)
    parameters = np.array([first, floor, exponent] if family is SHIFTED else [first, exponent])
    slope = curves.slope(parameters, log_ratio)
    np.testing.assert_allclose(slope.probability, curves.probability(parameters, log_ratio))
    assert np.all(np.diff(slope.probability) <= 0.0)
    for index in range(len(parameters)):
        step = 1e-6 * np.eye(len(parameters))[index]
        above, below = (curves.probability(parameters + sign * step, log_ratio) for sign in (1.0, -1.0))
        np.testing.assert_allclose(slope.by_parameter[index], (above - below) / 2e-6, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("family", "parameters"),
    [(SHIFTED, [0.5, 0.2, 0.6]), (POWER, [1.0, 0.4]), (LOGISTIC, [0.8, 0.7])],
)
def test_a_fit_finds_the_curve_that_the_failures_follow(family: FamilyName, parameters: list[float]) -> None:
    counts = exact_counts(Curve(family, np.array(parameters), 1000.0))
    fit = fit_curve(counts, family)
    np.testing.assert_allclose(fit.curve.failure(ROWS), counts.failures[::2] / 1e5, rtol=2e-3)
    np.testing.assert_allclose(fit.curve.parameters, parameters, atol=0.02)
    assert fit.correlation < 1e-3
    assert next(iter(compare_families(counts))) is family


def test_the_spread_of_the_trainings_is_found() -> None:
    # p ± d for half of the trainings each: variance d² = ρ·p·(1 − p), so ρ = 0.01 / 0.25 = 0.04
    rows = np.repeat(ROWS, 20)
    failures = np.tile([400.0, 600.0], len(rows) // 2)
    fit = fit_curve(Counts.of(rows, failures, np.full(len(rows), 1000.0)), POWER)
    assert fit.curve.failure(ROWS) == pytest.approx(np.full(len(ROWS), 0.5), abs=0.01)
    assert fit.correlation == pytest.approx(0.04, rel=0.1)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(8)), st.lists(st.integers(0, 40), min_size=8, max_size=8))
def test_the_order_of_the_trainings_does_not_matter(order: list[int], failures: list[int]) -> None:
    counts = Counts.of(ROWS, np.array(failures, float), np.full(8, 40.0))
    other = Counts.of(ROWS[order], counts.failures[order], counts.courses[order])
    fits = [fit_curve(each, SHIFTED) for each in (counts, other)]
    assert fits[0].log_likelihood == pytest.approx(fits[1].log_likelihood, abs=1e-3)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=8, max_size=8))
def test_a_floor_never_fits_worse_than_none(failures: list[int]) -> None:
    counts = Counts.of(ROWS, np.array(failures, float), np.full(8, 40.0))
    assert fit_curve(counts, SHIFTED).log_likelihood >= fit_curve(counts, POWER).log_likelihood - 1e-6


@pytest.mark.parametrize("failures", [[0.0] * 8, [40.0] * 8])
def test_failures_never_or_always_can_be_fitted(failures: list[float]) -> None:
    counts = Counts.of(ROWS, np.array(failures), np.full(8, 40.0))
    for fit in compare_families(counts).values():
        assert fit.curve.failure(ROWS) == pytest.approx(np.array(failures) / 40.0, abs=0.02)


def test_criteria_by_hand() -> None:
    # four parameters (with the log-precision), ten trainings, ln L = −20
    fit = Fit(Curve(SHIFTED, np.zeros(3), 1000.0), 3.0, -20.0, 10)
    assert fit.aicc == pytest.approx(8.0 + 40.0 + 2.0 * 4.0 * 5.0 / 5.0)
    assert fit.bic == pytest.approx(4.0 * math.log(10.0) + 40.0)
    assert Fit(fit.curve, 3.0, -20.0, 5).aicc == math.inf


def test_a_start_keeps_its_reference_and_finds_the_same_fit() -> None:
    counts = exact_counts(Curve(SHIFTED, np.array([0.5, 0.2, 0.6]), 1000.0))
    first = fit_curve(counts, SHIFTED)
    upper = counts.sizes >= 4000.0
    rest = Counts.of(counts.sizes[upper], counts.failures[upper], counts.courses[upper])
    again = fit_curve(rest, SHIFTED, first)
    assert again.curve.reference == 1000.0
    assert again.curve.failure(ROWS) == pytest.approx(first.curve.failure(ROWS), abs=0.01)
    assert expit(again.curve.parameters[0]) == pytest.approx(expit(0.5), abs=0.02)


def test_a_start_does_not_hide_a_steeper_curve() -> None:
    # one resampling of an arm with four sizes; its likelihood has two maxima: a flat and a steep curve
    rows = np.array([4000.0, 4000.0, 16_000.0, 64_000.0, 64_000.0, 128_000.0])
    failures, weights = (
        np.array([18.0, 25.0, 10.0, 22.0, 16.0, 21.0]),
        np.array([1.5, 1.5, 3.0, 1.5, 1.5, 3.0]),
    )
    counts = Counts(rows, failures, np.full(6, 110.0), weights)
    start = Fit(Curve(SHIFTED, np.array([-1.225, 0.249, 0.288]), 4000.0), 4.87, 0.0, 12)
    fit = fit_curve(counts, SHIFTED, start)
    assert fit.curve.parameters[2] > 1.0
    assert fit.log_likelihood == pytest.approx(fit_curve(counts, SHIFTED).log_likelihood, abs=1e-3)
