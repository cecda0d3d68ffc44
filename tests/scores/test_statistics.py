"""Intervals and tests with known values, and their general properties."""

from __future__ import annotations

import math
from dataclasses import astuple
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap

from drive_stack.evaluation.statistics import (
    effective_size,
    exact_paired_test,
    fraction,
    holm,
    mean,
    paired_difference,
    paired_fraction_difference,
    wilson,
)

FLAGS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def test_wilson_s_interval_of_a_textbook_case() -> None:
    # Brown, Cai, DasGupta 2001: 0 of 10 gives 0 … 0.278
    interval = fraction([False] * 10)
    assert (interval.value, interval.low) == (0.0, 0.0) and interval.high == pytest.approx(0.2775, abs=1e-3)


def test_mcnemar_s_exact_p() -> None:
    # 1 against 8 of 9 that differ: 2 · (1 + 9) / 2⁹
    first = [True] + [False] * 8 + [True] * 30
    second = [False] + [True] * 8 + [True] * 30
    assert exact_paired_test(first, second) == pytest.approx(2 * 10 / 512)


def test_holm_s_procedure_on_a_known_case() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_holm_never_makes_p_smaller_and_keeps_their_order(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(after >= before for after, before in zip(corrected, p_values, strict=True))
    assert max(corrected) <= 1.0
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.asarray(corrected)[order]) >= 0.0).all()


@given(FLAGS)
def test_p_does_not_depend_on_the_order_of_the_drivers(pairs: list[tuple[bool, bool]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    assert exact_paired_test(first, second) == exact_paired_test(second, first)
    assert exact_paired_test(first, first) == 1.0


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        # Bentur et al. 2009 in Fagerland, Lydersen, Laake 2014, Statistics in Medicine 33:2850
        ((1, 1, 7, 12), -0.507, -0.026),
        ((0, 5, 0, 0), 1.0 - math.sqrt(2.0) * 0.43448, 1.0),  # 5 of 5 against 0 of 5; z² / (5 + z²) = 0.43448
        ((5, 0, 0, 0), -0.43448, 0.43448),  # all agree: still an interval
        ((0, 0, 0, 5), -0.43448, 0.43448),
        ((200, 0, 0, 0), -0.01885, 0.01885),
    ],
)
def test_newcombe_s_interval_of_paired_fractions(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    both, only_first, only_second, neither = counts
    first = [True] * (both + only_first) + [False] * (only_second + neither)
    second = [True] * both + [False] * only_first + [True] * only_second + [False] * neither
    interval = paired_fraction_difference(first, second)
    assert interval.value == pytest.approx((only_first - only_second) / sum(counts))
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-4)
    assert paired_fraction_difference(second, first) == -interval


@given(FLAGS)
def test_the_interval_of_paired_fractions_contains_the_difference(pairs: list[tuple[bool, bool]]) -> None:
    interval = paired_fraction_difference([a for a, _ in pairs], [b for _, b in pairs])
    assert -1.0 - 1e-12 <= interval.low <= interval.value <= interval.high <= 1.0 + 1e-12
    assert interval.high - interval.low > 0.01


def test_the_bootstrap_interval_approaches_the_normal_one_for_many_values() -> None:
    values = np.random.default_rng(3).normal(2.0, 1.0, 400)
    interval, half = mean(values), 1.96 * values.std() / 20.0
    assert interval.low == pytest.approx(interval.value - half, abs=0.02)
    assert interval.high == pytest.approx(interval.value + half, abs=0.02)
    assert mean(values) == interval  # deterministic


def test_pairing_removes_the_variance_that_both_share() -> None:
    rng = np.random.default_rng(0)
    course = rng.normal(50.0, 30.0, 100)
    first, second = course + 5.0 + rng.normal(0.0, 1.0, 100), course
    interval = paired_difference(first, second)
    assert interval.low > 0.0 and interval.high - interval.low < 1.0
    assert mean(first).low < mean(second).high  # unpaired, the intervals overlap


def test_the_interval_of_one_value_has_no_width() -> None:
    interval = mean([3.0])
    assert interval.low == interval.high == 3.0


@settings(max_examples=30)
@given(st.lists(st.integers(-3, 5), min_size=2, max_size=30), st.randoms())
def test_an_interval_depends_on_neither_order_nor_sign(values: list[int], random: Random) -> None:
    interval = mean(values)
    shuffled = random.sample(values, len(values))
    assert mean(shuffled) == interval
    if interval.value:
        assert mean([-value for value in values]) == -interval


# --- clusters ------------------------------------------------------------------------------------

SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=12)
OUTCOMES = st.lists(
    st.tuples(st.integers(0, 7), st.booleans(), st.booleans(), st.integers(-3, 5)), min_size=1, max_size=25
)  # cluster, success of two drivers, some other value


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (9, 10), (219, 220), (220, 220), (3, 7)])
def test_wilson_s_interval_is_scipy_s_where_the_size_is_whole(successes: int, trials: int) -> None:
    expected = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert wilson(successes / trials, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_clusters_of_one_give_the_unclustered_intervals_and_p() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(3.0, 1.0, 40)
    plain = bootstrap(
        (np.sort(values),), np.mean, n_resamples=9999, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    interval = mean(values, list(range(40)))
    assert interval == mean(values)
    assert (interval.low, interval.high) == pytest.approx((plain.low, plain.high), abs=1e-12)
    first, second = (rng.random(60) < 0.9).tolist(), (rng.random(60) < 0.6).tolist()
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    expected = binomtest(only_first, only_first + only_second).pvalue
    assert exact_paired_test(first, second, list("abcdef" * 10)) != pytest.approx(expected)
    assert exact_paired_test(first, second, list(range(60))) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=40)
@given(OUTCOMES, st.integers(2, 3))
def test_repeating_all_rows_changes_no_interval_and_no_p(
    rows: list[tuple[int, bool, bool, int]], times: int
) -> None:
    clusters, first, second, values = (list(column) for column in zip(*rows, strict=True))
    assert mean(values * times, clusters * times) == mean(values, clusters)
    assert fraction(first * times, clusters * times) == fraction(first, clusters)
    assert paired_difference(first * times, second * times, clusters * times) == paired_difference(
        first, second, clusters
    )
    repeated = paired_fraction_difference(first * times, second * times, clusters * times)
    once = paired_fraction_difference(first, second, clusters)
    assert astuple(repeated) == pytest.approx(astuple(once), abs=1e-9)
    assert exact_paired_test(first * times, second * times, clusters * times) == exact_paired_test(
        first, second, clusters
    )


@pytest.mark.parametrize("outcome", [True, False])
def test_repeated_rows_are_no_evidence_if_all_succeed_or_none(outcome: bool) -> None:
    assert fraction([outcome] * 40, [*range(20)] * 2) == fraction([outcome] * 20)
    assert fraction([outcome] * 40).low != fraction([outcome] * 20).low or not outcome


@given(SIZES)
def test_the_effective_size_lies_between_one_and_the_number_of_clusters(sizes: list[int]) -> None:
    effective = effective_size([cluster for cluster, size in enumerate(sizes) for _ in range(size)])
    assert 1.0 - 1e-12 <= effective <= len(sizes) + 1e-12
    if len(set(sizes)) == 1:
        assert effective == pytest.approx(len(sizes))


def test_the_effective_size_by_hand() -> None:
    # the suite standard: 160 worlds with one episode, 30 with two; 220² / (160 + 30 · 4)
    assert effective_size([*range(190), *range(30)]) == pytest.approx(220**2 / 280)


def test_the_paired_test_by_hand_where_worlds_differ_in_size() -> None:
    # sums 2, 1, 1 of three worlds: of the 8 choices of signs only all + and all − reach 4
    first, second, clusters = [True] * 4, [False] * 4, ["a", "a", "b", "c"]
    assert exact_paired_test(first, second, clusters) == pytest.approx(2 / 8)
    assert exact_paired_test(first, second) == pytest.approx(2 / 16)
    # sums 2, −1, −1: half of the choices bring 0, as it is
    assert exact_paired_test([True, True, False, False], [False, False, True, True], clusters) == 1.0


def test_a_world_in_which_each_driver_succeeds_once_is_no_evidence() -> None:
    assert exact_paired_test([True, False], [False, True], ["a", "a"]) == 1.0


def clustered_flags(rng: np.random.Generator, worlds: int, alike: float) -> tuple[list[bool], list[int]]:
    """Successes with probability 0.9 in worlds of one to three episodes; in a part of them all are equal."""
    sizes = rng.integers(1, 4, worlds)
    flags: list[bool] = []
    for size in sizes:
        successes = rng.random(size) < 0.9
        flags += (np.full(size, successes[0]) if rng.random() < alike else successes).tolist()
    return flags, np.repeat(np.arange(worlds), sizes).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
def test_intervals_contain_the_true_value_as_often_as_stated(alike: float) -> None:
    rng = np.random.default_rng(0)
    contained = {"fraction": 0, "mean": 0, "episodes taken for independent": 0}
    for _ in range(600):
        flags, worlds = clustered_flags(rng, 100, alike)
        for name, interval in (
            ("fraction", fraction(flags, worlds)),
            ("mean", mean(flags, worlds)),
            ("episodes taken for independent", fraction(flags)),
        ):
            contained[name] += interval.low <= 0.9 <= interval.high
    assert contained["fraction"] >= 0.94 * 600
    assert contained["mean"] >= 0.92 * 600  # the percentile bootstrap is slightly too narrow
    if alike == 1.0:
        assert contained["episodes taken for independent"] < 0.92 * 600  # clusters correct this


@pytest.mark.slow
@pytest.mark.parametrize(("before", "kept", "trials"), [(0.98, 0.98, 20), (0.9, 0.7, 20), (0.5, 0.5, 15)])
def test_the_interval_of_paired_fractions_contains_the_true_drop(
    before: float, kept: float, trials: int
) -> None:
    """A driver succeeds with probability ``before`` on the base, and ``kept`` of these times on the twin."""
    rng, contained = np.random.default_rng(2), 0
    for _ in range(2000):
        first = rng.random(trials) < before
        second = first & (rng.random(trials) < kept)
        interval = paired_fraction_difference(first.tolist(), second.tolist())
        contained += interval.low <= before * (1.0 - kept) <= interval.high
    assert contained >= 0.93 * 2000


@pytest.mark.slow
@pytest.mark.parametrize("alike", [0.0, 1.0])
def test_equal_drivers_are_rarely_called_different(alike: float) -> None:
    rng = np.random.default_rng(1)
    clustered = plain = 0
    for _ in range(2000):
        first, worlds = clustered_flags(rng, 60, alike)
        second = (
            [bool(one) for one in np.repeat(rng.random(60) < 0.9, np.bincount(worlds))]
            if alike
            else (rng.random(len(first)) < 0.9).tolist()
        )
        clustered += exact_paired_test(first, second, worlds) < 0.05
        plain += exact_paired_test(first, second) < 0.05
    assert clustered <= 0.06 * 2000
    if alike:
        assert plain > 0.07 * 2000  # McNemar's test on dependent episodes
