"""The beta-binomial likelihood, against values worked by hand, scipy, and its own differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from drive_stack.study.likelihood import Counts, correlation, log_constant, log_likelihood

PROBABILITIES = st.floats(0.01, 0.99)
LOG_PRECISIONS = st.floats(-1.0, 10.0)


def counts_of(failures: list[int], courses: int) -> Counts:
    number = len(failures)
    return Counts.of(np.full(number, 1000.0), np.array(failures, float), np.full(number, float(courses)))


def log_probability(failures: int, courses: int, probability: float, log_precision: float) -> float:
    counts = counts_of([failures], courses)
    return log_likelihood(counts, np.array([probability]), log_precision).value + log_constant(counts)


@pytest.mark.parametrize(("failures", "expected"), [(0, 0.532), (1, 0.336), (2, 0.132)])
def test_two_courses_by_hand(failures: int, expected: float) -> None:
    # p = 0.3 and ρ = 0.2: both fail with p² + ρ·p·(1 − p) = 0.09 + 0.042; one fails with 2·p·(1 − p)·(1 − ρ)
    log_precision = np.log(0.8 / 0.2)
    assert correlation(log_precision) == pytest.approx(0.2)
    assert np.exp(log_probability(failures, 2, 0.3, log_precision)) == pytest.approx(expected)


@given(st.integers(0, 110), PROBABILITIES, LOG_PRECISIONS)
def test_agrees_with_scipy(failures: int, probability: float, log_precision: float) -> None:
    precision = np.exp(log_precision)
    expected = betabinom.logpmf(failures, 110, probability * precision, (1.0 - probability) * precision)
    value = log_probability(failures, 110, probability, log_precision)
    assert value == pytest.approx(expected, rel=1e-7, abs=1e-6)


def test_without_correlation_it_is_the_binomial_distribution() -> None:
    assert log_probability(30, 110, 0.25, 18.0) == pytest.approx(binom.logpmf(30, 110, 0.25), abs=1e-4)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=5), PROBABILITIES, st.floats(-0.9, 6.0), st.data())
def test_derivatives_are_those_of_the_value(
    failures: list[int], probability: float, log_precision: float, data: st.DataObject
) -> None:
    counts = counts_of(failures, 20)
    index = data.draw(st.integers(0, len(failures) - 1))
    probabilities = np.full(len(failures), probability)
    likelihood = log_likelihood(counts, probabilities, log_precision)
    step = 1e-6

    def shifted(sign: float) -> float:
        moved = probabilities.copy()
        moved[index] += sign * step
        return log_likelihood(counts, moved, log_precision).value

    by_probability = (shifted(1.0) - shifted(-1.0)) / (2.0 * step)
    assert likelihood.by_probability[index] == pytest.approx(by_probability, rel=1e-4, abs=1e-4)
    above, below = (log_likelihood(counts, probabilities, log_precision + s).value for s in (step, -step))
    assert likelihood.by_log_precision == pytest.approx((above - below) / (2.0 * step), rel=1e-4, abs=1e-4)


def test_a_weight_of_two_counts_a_training_twice() -> None:
    once, twice = counts_of([3, 7], 20), counts_of([3, 7, 7], 20)
    weighted = Counts(once.sizes, once.failures, once.courses, np.array([1.0, 2.0]))
    for counts, probabilities in ((weighted, [0.2, 0.4]), (twice, [0.2, 0.4, 0.4])):
        likelihood = log_likelihood(counts, np.array(probabilities), 3.0)
        assert likelihood.value + log_constant(counts) == pytest.approx(
            log_probability(3, 20, 0.2, 3.0) + 2.0 * log_probability(7, 20, 0.4, 3.0)
        )
