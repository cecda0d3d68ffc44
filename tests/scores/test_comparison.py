"""Comparison of drivers on the same courses, and a verdict that claims no more than the figures show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_rows import drives, row

from drive_stack.evaluation.comparison import Comparison, Completeness
from drive_stack.evaluation.estimate_text import format_estimate, format_percent, format_points
from drive_stack.evaluation.statistics import Estimate, exact_paired_test, fraction, wilson
from drive_stack.evaluation.verdict import verdict

COURSES = st.text(alphabet=".xe", min_size=1, max_size=12)


def test_the_verdict_states_fractions_intervals_and_p() -> None:
    text = verdict(Comparison(drives("a", "cruise", "." * 20) + drives("b", "cruise", "." * 8 + "x" * 12)))
    low, high = wilson(0.4, 20)
    assert text.startswith("a is better: a completes 100.0 % (83.9–100.0) of 20 episodes")
    assert f"b 40.0 % ({100 * low:.1f}–{100 * high:.1f}); a difference of 60.0 percentage points" in text
    assert "p < 0.001)" in text  # 2 · 2⁻¹²


def test_one_failure_of_many_does_not_round_to_100_percent() -> None:
    assert format_percent(of(219, 220)) == "99.5 % (97.5–99.9)"
    assert format_percent(of(220, 220)) == "100.0 % (98.3–100.0)"
    assert format_percent(of(1, 250)) == "0.4 % (0.1–2.2)"
    assert format_percent(of(196, 220)) == "89.1 % (84.3–92.6)"
    assert format_percent(of(4999, 5000)) == "99.98 % (99.9–100.0)"
    assert format_percent(of(1, 5000)) == "0.02 % (0.0–0.1)"


def of(successes: int, trials: int) -> Estimate:
    return fraction([True] * successes + [False] * (trials - successes))


def test_a_number_that_rounds_to_zero_has_no_sign() -> None:
    assert str(format_points(Estimate(0.105, -0.0001, 0.2))) == "+10.5 (0.0 to +20.0)"
    assert str(format_points(Estimate(0.105, -0.031, 0.2), sign="-")) == "10.5 (-3.1 to 20.0)"
    assert str(format_estimate(Estimate(20.0, 19.0, 21.0), 3.6, 0)) == "72 (68–76)"


def test_few_courses_give_no_significant_difference() -> None:
    text = verdict(Comparison(drives("a", "cruise", "...") + drives("b", "cruise", "xxx")))
    assert text.startswith("No significant difference: a completes 100.0 %") and "p = 0.25)" in text


def test_an_equal_number_of_successes_is_reported_as_no_difference() -> None:
    text = verdict(Comparison(drives("a", "cruise", ".x") + drives("b", "cruise", "x.")))
    assert text.startswith("No difference: a completes 50.0 %")


def test_fractions_in_the_verdict_are_of_the_courses_that_both_drove() -> None:
    alone = drives("b", "jam_tail", "." * 30)  # courses that a did not drive
    rows = drives("a", "cruise", "........xx") + drives("b", "cruise", ".....xxxxx") + alone
    text = verdict(Comparison(rows))
    assert "a completes 80.0 %" in text and "of 10 episodes" in text and "b 50.0 %" in text


def test_p_is_corrected_for_the_number_of_pairs() -> None:
    rows = drives("a", "cruise", "." * 6) + drives("b", "cruise", "x" * 6)
    assert verdict(Comparison(rows)).startswith("a is better")  # p = 2 / 2⁶ = 0.03
    text = verdict(Comparison(rows + drives("c", "cruise", "x" * 6)))
    assert (
        text.startswith("No significant difference")
        and "p = 0.094 after Holm's correction for 3 comparisons" in text
    )


def test_of_several_drivers_the_best_two_are_compared_and_the_others_listed() -> None:
    failing = drives("worst", "cruise", "x" * 20) + drives("poor", "cruise", "." * 5 + "x" * 15)
    text = verdict(
        Comparison(
            failing + drives("next", "cruise", "." * 12 + "x" * 8) + drives("best", "cruise", "." * 20)
        )
    )
    assert text.startswith("best is better: best completes 100.0 %")
    assert "next 60.0 %" in text and "a difference of 40.0 percentage points" in text
    assert "for 6 comparisons). The other drivers: poor 25.0 %" in text and text.index("poor") < text.index(
        "worst 0.0 %"
    )


def test_a_privileged_driver_is_not_compared() -> None:
    expert = [row("expert", "cruise", seed, privileged=True) for seed in range(100_000, 100_009)]
    rows = expert + drives("a", "cruise", "." * 9) + drives("b", "cruise", "x" * 9)
    assert [(one.first, one.second) for one in Comparison(rows).differences()] == [("a", "b")]


def test_an_episode_that_could_not_be_driven_has_no_expert_progress() -> None:
    """Two of four could not be driven: (0.8 + 0.6 + 0 + 0) / 4; the expert completed all of the courses."""
    rows = [
        replace(own, result=replace(own.result, progress_of_expert=progress))
        for own, progress in zip(drives("a", "cruise", ".xee"), (0.8, 0.6, None, None), strict=True)
    ]
    progress = Comparison(rows).headline("a").progress_of_expert
    assert progress is not None and progress.value == pytest.approx(0.35)
    assert Comparison(drives("a", "cruise", ".e")).headline("a").progress_of_expert is None


def test_an_episode_with_a_driver_error_counts_as_0_in_every_scheme() -> None:
    headline = Comparison(drives("a", "cruise", "..e")).headline("a")
    assert headline.errors == 1
    assert headline.schemes["nuplan"].value == pytest.approx(200.0 / 3.0)


def test_episodes_that_were_not_scored_under_a_scheme_do_not_count_as_0() -> None:
    rows = [row("a", "cruise", 100_000), row("a", "cruise", 100_001, scores={})]
    assert Comparison(rows).headline("a").schemes["nuplan"].value == 100.0


def test_scenarios_are_ordered_by_difference_and_p_is_corrected() -> None:
    rows = drives("a", "easy", "." * 8) + drives("b", "easy", "." * 8)
    rows += drives("a", "hard", "." * 8) + drives("b", "hard", "x" * 8)
    rows += drives("a", "middling", "." * 8) + drives("b", "middling", "." * 4 + "x" * 4)
    differences = Comparison(rows).by_scenario("a", "b")
    assert [difference.scenario for difference in differences] == ["hard", "middling", "easy"]
    alone = exact_paired_test([True] * 8, [False] * 8)
    assert differences[0].p == pytest.approx(3 * alone)


@settings(max_examples=40)
@given(COURSES, COURSES)
def test_swapping_two_drivers_negates_their_difference(first: str, second: str) -> None:
    comparison = Comparison(drives("a", "cruise", first) + drives("b", "cruise", second))
    forward, backward = comparison.difference("a", "b"), comparison.difference("b", "a")
    assert forward is not None and backward is not None
    assert forward.courses == min(len(first), len(second))
    assert forward.success.value == -backward.success.value and forward.p == backward.p
    assert (forward.only_first, forward.only_second) == (backward.only_second, backward.only_first)
    if forward.success.value:
        assert forward.better_first().success == backward.better_first().success
        assert forward.better_first().only_first > forward.better_first().only_second
    assert forward.success.low <= forward.success.value <= forward.success.high


@settings(max_examples=40)
@given(COURSES)
def test_a_driver_does_not_differ_from_itself(outcomes: str) -> None:
    comparison = Comparison(drives("a", "cruise", outcomes) + drives("b", "cruise", outcomes))
    difference = comparison.difference("a", "b")
    assert difference is not None and difference.p == 1.0
    assert difference.success.value == 0.0 and -difference.success == difference.success
    assert difference.success.low < 0.0  # equal outcomes do not prove that the drivers are equally good


def test_without_a_shared_course_there_is_no_difference() -> None:
    comparison = Comparison(drives("a", "cruise", ".") + drives("b", "jam_tail", "."))
    assert comparison.difference("a", "b") is None and comparison.differences() == []


# --- worlds --------------------------------------------------------------------------------------


def test_variants_in_the_same_world_are_no_additional_evidence() -> None:
    plain = Comparison(drives("a", "cruise", "..xx.") + drives("b", "cruise", "x..xx"))
    rows = [
        row
        for name in ("cruise", "cruise[ego.lane=any]")
        for row in drives("a", name, "..xx.") + drives("b", name, "x..xx")
    ]
    twice = Comparison(rows)
    for label in "ab":
        before, after = plain.headline(label), twice.headline(label)
        assert (after.success, after.driving_score, after.comfort) == (
            before.success,
            before.driving_score,
            before.comfort,
        )
        assert after.schemes == before.schemes and after.episodes == 2 * before.episodes
    single, double = plain.difference("a", "b"), twice.difference("a", "b")
    assert single is not None and double is not None
    assert (single.p, single.success) == (double.p, double.success)
    assert single.driving_score == double.driving_score
    assert [difference.p for difference in plain.by_scenario("a", "b")] == [
        difference.p for difference in twice.by_scenario("a", "b")
    ]


def test_variants_with_worlds_of_their_own_are_additional_evidence() -> None:
    rows = [
        replace(one, world=name)
        for name in ("cruise", "cruise[ego.lane=any]")
        for one in drives("a", name, "." * 6)
    ]
    assert Comparison(rows).headline("a").success == of(12, 12)


def test_courses_with_equal_names_in_different_worlds_are_not_paired() -> None:
    keys = "cruise[ego.lane=any]"
    old = drives("a", keys, "....") + drives("a", "cruise", "...")
    new = [replace(one, world=one.result.scenario) for one in drives("b", keys, "..x.")]
    new += [replace(one, world="cruise") for one in drives("b", "cruise", "x..")]
    comparison = Comparison([*old, *new])
    difference = comparison.difference("a", "b")
    assert difference is not None and difference.courses == 3
    assert comparison.count_unpaired("a", "b") == 4


def test_an_unfinished_run_has_no_verdict() -> None:
    rows = drives("a", "cruise", "." * 12) + drives("b", "cruise", "x" * 11)
    text = verdict(Comparison(rows, completeness=Completeness(23, 24)))
    assert text == "This run is unfinished: 23 of 24 episodes. There is no verdict before all are driven."
    assert "a is better" in verdict(Comparison(rows[:-1], completeness=Completeness(22, 22)))
    assert "unfinished" not in verdict(Comparison(rows, completeness=Completeness(4, 4)))
