"""Intervals and tests with known values, and what must hold of any."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drive_stack.evaluation.statistics import exact_paired_test, holm, mean, paired_difference, share

FLAGS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def test_wilson_s_interval_of_a_textbook_case() -> None:
    # Brown, Cai, DasGupta 2001: 0 of 10 gives 0 … 0.278
    found = share(0, 10)
    assert (found.value, found.low) == (0.0, 0.0) and found.high == pytest.approx(0.2775, abs=1e-3)


def test_mcnemar_s_exact_p() -> None:
    # 1 against 8 of 9 that differ: 2 · (1 + 9) / 2⁹
    first = [True] + [False] * 8 + [True] * 30
    second = [False] + [True] * 8 + [True] * 30
    assert exact_paired_test(first, second) == pytest.approx(2 * 10 / 512)


def test_holm_s_own_steps() -> None:
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
def test_who_is_first_makes_no_difference_to_p(pairs: list[tuple[bool, bool]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    assert exact_paired_test(first, second) == exact_paired_test(second, first)
    assert exact_paired_test(first, first) == 1.0


def test_the_bootstrap_interval_is_that_of_the_normal_law_for_many_values() -> None:
    values = np.random.default_rng(3).normal(2.0, 1.0, 400)
    found, half = mean(values), 1.96 * values.std() / 20.0
    assert found.low == pytest.approx(found.value - half, abs=0.02)
    assert found.high == pytest.approx(found.value + half, abs=0.02)
    assert mean(values) == found  # no chance in it


def test_pairing_takes_out_what_both_share() -> None:
    rng = np.random.default_rng(0)
    course = rng.normal(50.0, 30.0, 100)
    first, second = course + 5.0 + rng.normal(0.0, 1.0, 100), course
    found = paired_difference(first, second)
    assert found.excludes_zero and found.high - found.low < 1.0
    assert mean(first).low < mean(second).high  # unpaired, nobody could tell


def test_one_value_has_no_spread() -> None:
    found = mean([3.0])
    assert found.low == found.high == 3.0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-3, 5), min_size=2, max_size=30), st.randoms())
def test_an_interval_knows_neither_order_nor_sign(values: list[int], random: Random) -> None:
    found = mean(values)
    shuffled = random.sample(values, len(values))
    assert mean(shuffled) == found
    if found.value:
        assert mean([-value for value in values]) == -found
