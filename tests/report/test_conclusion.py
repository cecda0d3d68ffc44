"""The paragraph on the result: where, why and at what price, and whether the scoring schemes agree."""

from __future__ import annotations

from dataclasses import replace

from synthetic_rows import drives

from drive_stack.causes.tables import Count
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.comparison import Comparison, Completeness
from drive_stack.evaluation.schemes.drive import SchemeScore
from drive_stack.evaluation.statistics import Estimate
from drive_stack.evaluation.verdict import verdict
from drive_stack.report.conclusion import conclude
from drive_stack.report.scheme_agreement import scheme_agreement


def compared() -> list[Row]:
    """Two drivers: ``a`` is better at people by 3, ``b`` at keeping the lane by 1, both merge alike."""
    rows = drives("a", "pedestrian_crossing", "....") + drives("b", "pedestrian_crossing", "xxe.")
    rows += drives("a", "curves", "...x") + drives("b", "curves", "....")
    return rows + drives("a", "merge", "..x.") + drives("b", "merge", "x...")


def test_the_abilities_that_differ_are_named_with_their_counts() -> None:
    comparison = Comparison(compared())
    conclusion = conclude(comparison)
    assert conclusion.verdict == verdict(comparison)
    assert conclusion.where == (
        "a succeeds more often than b in give way to people (4 against 1 of 4); "
        "b succeeds more often than a in keep lane (4 against 3 of 4)."
    )


def test_drivers_that_succeed_alike_differ_nowhere() -> None:
    comparison = Comparison(drives("a", "merge", "x...") + drives("b", "merge", "...x"))
    assert conclude(comparison).where == "a and b succeed equally often in every ability."


def test_the_reason_names_outcomes_and_the_most_frequent_cause() -> None:
    comparison = Comparison(compared())
    assert conclude(comparison).why == (
        "Of the failures of b (4 of 12), 3 hit a vehicle, 1 the driver failed. "
        "Of the failures of a (2 of 12), 2 hit a vehicle."
    )
    fraction = Estimate(0.5, 0.0, 1.0)
    causes = [Count("b", "the image", 1, 3, fraction), Count("b", "late braking", 2, 3, fraction)]
    assert "The most frequent cause is: late braking (2 of 3 explained)." in conclude(comparison, causes).why


def test_the_price_is_computing_time_speed_and_comfort() -> None:
    rows = [
        replace(
            row, result=replace(row.result, stages_ms={"agent": time}, mean_speed_mps=speed, comfort=part)
        )
        for label, time, speed, part in (("a", 54.2, 20.0, 0.9), ("b", 9.4, 25.0, 0.95))
        for row in drives(label, "merge", ".." if label == "a" else ".x")
    ]
    assert conclude(Comparison(rows)).price == (
        "a computes for 54 ms in each step (b 9 ms, wall-clock time), drives at 72 km/h (90 km/h) "
        "and keeps the comfort bounds 90 % of the time (95 %)."
    )


def test_an_unfinished_run_and_a_single_driver_have_a_verdict_only() -> None:
    for comparison in (
        Comparison(compared(), completeness=Completeness(24, 30)),
        Comparison(drives("a", "merge", "..")),
    ):
        conclusion = conclude(comparison)
        assert conclusion.verdict and not (conclusion.where or conclusion.why or conclusion.price)


def test_of_a_suite_with_shifted_courses_the_base_courses_are_described() -> None:
    rows = drives("a", "curves", "..") + drives("b", "curves", ".x")
    rows += drives("a", "curves[shift=mounting/1]", "xx") + drives("b", "curves[shift=mounting/1]", "xx")
    conclusion = conclude(Comparison(rows))
    assert (
        conclusion.where == "On base courses, a succeeds more often than b in keep lane (2 against 1 of 2)."
    )
    assert "b (1 of 2)" in conclusion.why


# --- scoring schemes -----------------------------------------------------------------------------


def scored(label: str, outcomes: str, **totals: float) -> list[Row]:
    scores = {scheme: SchemeScore(total, {}) for scheme, total in totals.items()}
    rows = drives(label, "merge", outcomes)
    return [replace(row, result=replace(row.result, scores=scores)) for row in rows]


def test_schemes_that_rank_the_drivers_otherwise_are_named() -> None:
    rows = scored("a", "." * 10, carla_2_0=90.0, pdms=60.0) + scored("b", "x" * 10, carla_2_0=50.0, pdms=72.5)
    assert scheme_agreement(Comparison(rows)).startswith(
        "Not all schemes agree with the verdict that a is better. "
        "Higher for b: NAVSIM PDMS +12.5 (+12.5 to +12.5)."
    )


def test_schemes_that_rank_the_drivers_alike_agree() -> None:
    rows = scored("a", "." * 10, carla_2_0=90.0, pdms=60.0) + scored("b", "x" * 10, carla_2_0=50.0, pdms=60.0)
    assert scheme_agreement(Comparison(rows)) == (
        "All schemes agree with the verdict: each gives a at least the total of b."
    )


def test_a_scheme_with_a_clear_difference_contradicts_a_verdict_without_one() -> None:
    rows = scored("a", "....", carla_2_0=90.0, pdms=60.0) + scored("b", "....", carla_2_0=80.0, pdms=60.0)
    assert scheme_agreement(Comparison(rows)) == (
        "The verdict finds no significant difference of a and b, but these schemes do. "
        "Higher for a: CARLA 2.0 +10.0 (+10.0 to +10.0)."
    )
    alike = scored("a", "....", pdms=60.0) + scored("b", "....", pdms=60.0)
    assert scheme_agreement(Comparison(alike)) == (
        "All schemes agree with the verdict: none shows a clear difference of a and b."
    )


def test_without_scores_or_a_second_driver_nothing_is_said() -> None:
    assert scheme_agreement(Comparison(scored("a", "..", pdms=60.0))) == ""
    assert scheme_agreement(Comparison(scored("a", "..") + scored("b", ".x"))) == ""
