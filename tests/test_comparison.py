"""Drivers compared: figures of the same courses, a verdict that claims no more than they tell."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_rows import drives, row

from drive_stack.evaluation.comparison import Comparison, percent, verdict
from drive_stack.evaluation.statistics import exact_paired_test, share
from drive_stack.evaluation.summary import wilson

COURSES = st.text(alphabet=".xe", min_size=1, max_size=12)


def test_the_verdict_names_shares_intervals_and_p() -> None:
    found = verdict(Comparison(drives("a", "cruise", "." * 20) + drives("b", "cruise", "." * 8 + "x" * 12)))
    low, high = wilson(8, 20)
    assert found.startswith("a is better: a completes 100 % (84–100) of 20 episodes")
    assert f"b 40 % ({100 * low:.0f}–{100 * high:.0f}); 60.0 points apart" in found
    assert "p < 0.001)" in found  # 2 · 2⁻¹²


def test_one_failure_of_many_is_not_rounded_away() -> None:
    assert percent(share(219, 220)) == "99.5 % (97–100)"
    assert percent(share(220, 220)) == "100 % (98–100)"
    assert percent(share(1, 250)) == "0.4 % (0–2)"
    assert percent(share(196, 220)) == "89 % (84–93)"


def test_few_courses_are_no_proof() -> None:
    found = verdict(Comparison(drives("a", "cruise", "...") + drives("b", "cruise", "xxx")))
    assert found.startswith("No clear difference: a completes 100 %") and "p = 0.25)" in found


def test_as_many_successes_are_not_called_equal_drivers() -> None:
    found = verdict(Comparison(drives("a", "cruise", ".x") + drives("b", "cruise", "x.")))
    assert found.startswith("No difference shows: a completes 50 %")


def test_shares_in_the_verdict_are_of_the_courses_that_both_drove() -> None:
    alone = drives("b", "jam_tail", "." * 30)  # easy ones that a never drove
    rows = drives("a", "cruise", "........xx") + drives("b", "cruise", ".....xxxxx") + alone
    found = verdict(Comparison(rows))
    assert "a completes 80 %" in found and "of 10 episodes" in found and "b 50 %" in found


def test_p_is_corrected_for_the_pairs_it_was_chosen_from() -> None:
    rows = drives("a", "cruise", "." * 6) + drives("b", "cruise", "x" * 6)
    assert verdict(Comparison(rows)).startswith("a is better")  # p = 2 / 2⁶ = 0.03
    found = verdict(Comparison(rows + drives("c", "cruise", "." * 6)))
    assert found.startswith("No clear difference") and "p = 0.094 after correction for 3 comparisons" in found


def test_who_reads_the_truth_is_no_contestant() -> None:
    expert = [row("expert", "cruise", seed, privileged=True) for seed in range(100_000, 100_009)]
    rows = expert + drives("a", "cruise", "." * 9) + drives("b", "cruise", "x" * 9)
    assert [(one.first, one.second) for one in Comparison(rows).differences()] == [("a", "b")]


def test_an_episode_that_the_driver_failed_counts_as_0_in_every_scheme() -> None:
    found = Comparison(drives("a", "cruise", "..e")).headline("a")
    assert found.errors == 1
    assert found.schemes["nuplan"].value == pytest.approx(200.0 / 3.0)


def test_episodes_of_before_a_scheme_was_scored_do_not_count_as_0() -> None:
    rows = [row("a", "cruise", 100_000), row("a", "cruise", 100_001, scores={})]
    assert Comparison(rows).headline("a").schemes["nuplan"].value == 100.0


def test_where_two_differ_most_stands_first_and_p_is_corrected() -> None:
    rows = drives("a", "easy", "." * 8) + drives("b", "easy", "." * 8)
    rows += drives("a", "hard", "." * 8) + drives("b", "hard", "x" * 8)
    rows += drives("a", "middling", "." * 8) + drives("b", "middling", "." * 4 + "x" * 4)
    found = Comparison(rows).by_scenario("a", "b")
    assert [one.scenario for one in found] == ["hard", "middling", "easy"]
    alone = exact_paired_test([True] * 8, [False] * 8)
    assert found[0].p == pytest.approx(3 * alone)


@settings(max_examples=40, deadline=None)
@given(COURSES, COURSES)
def test_turning_two_drivers_turns_their_difference(first: str, second: str) -> None:
    comparison = Comparison(drives("a", "cruise", first) + drives("b", "cruise", second))
    one, other = comparison.difference("a", "b"), comparison.difference("b", "a")
    assert one is not None and other is not None
    assert one.courses == min(len(first), len(second))
    assert one.success.value == -other.success.value and one.p == other.p
    assert (one.only_first, one.only_second) == (other.only_second, other.only_first)
    if one.success.value:
        assert one.better_first().success == other.better_first().success
        assert one.better_first().only_first > one.better_first().only_second
    assert one.success.low <= one.success.value <= one.success.high


@settings(max_examples=40, deadline=None)
@given(COURSES)
def test_against_itself_nothing_differs(how: str) -> None:
    found = Comparison(drives("a", "cruise", how) + drives("b", "cruise", how)).difference("a", "b")
    assert found is not None and found.p == 1.0
    assert (found.success.low, found.success.high) == (0.0, 0.0)


def test_no_shared_course_no_difference() -> None:
    comparison = Comparison(drives("a", "cruise", ".") + drives("b", "jam_tail", "."))
    assert comparison.difference("a", "b") is None and comparison.differences() == []
