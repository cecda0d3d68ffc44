"""The result of an evaluation in one or two sentences that claim no more than the figures show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.evaluation.comparison import Comparison, Difference
from drive_stack.evaluation.estimate_text import format_p, format_percent, format_points
from drive_stack.evaluation.statistics import holm

SIGNIFICANT = 0.05
NO_VERDICT = "There is no verdict before all are driven."


def verdict(comparison: Comparison) -> str:
    """Which driver is better, by how much and how certain this is.

    If episodes are missing, the text states how many are driven and compares nothing: intervals and p do not
    allow for a run that is stopped when its figures please (optional stopping). Of several drivers, the best
    two are compared, with a p that is corrected for the number of pairs, and the others are listed. Both
    fractions are of the courses that both drivers drove: only those can be compared. Of a suite with shifted
    courses, there is a verdict on base courses and one on shifted courses.
    """
    unfinished = comparison.completeness.text
    if unfinished:
        return f"{unfinished} {NO_VERDICT}"
    return " ".join(
        f"On {part.name}: {_compare_drivers(part.comparison)}"
        if part.name
        else _compare_drivers(part.comparison)
        for part in comparison.parts
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """The pair of drivers that a verdict describes: the best and the next one, the better driver first."""

    difference: Difference
    p: float  # corrected for the number of pairs
    pairs: int  # of drivers that were compared
    others: tuple[str, ...]  # the other drivers that were compared, the best first


def decide(comparison: Comparison) -> Decision | None:
    """The pair of drivers that the verdict describes; None where there are not two that can be compared."""
    differences = comparison.differences()
    if not differences:
        return None
    corrected = holm([difference.p for difference in differences])
    ranking = _ranking(comparison, differences)
    best, p = min(
        zip(differences, corrected, strict=True),
        key=lambda pair: sorted(ranking.index(label) for label in (pair[0].first, pair[0].second)),
    )
    others = tuple(label for label in ranking if label not in (best.first, best.second))
    return Decision(best.better_first(), p, len(differences), others)


def _ranking(comparison: Comparison, differences: Sequence[Difference]) -> list[str]:
    """The drivers of some pairs, by success and then by driving score, the best first."""
    compared = dict.fromkeys(label for one in differences for label in (one.first, one.second))
    headlines = [comparison.headline(label) for label in compared]
    headlines.sort(key=lambda line: (line.success.value, line.driving_score.value), reverse=True)
    return [line.label for line in headlines]


def _compare_drivers(comparison: Comparison) -> str:
    decision = decide(comparison)
    if decision is None:
        return " ".join(_single_driver(comparison, label) for label in comparison.labels[-1:])
    best = decision.difference
    facts = (
        f"{best.first} completes {format_percent(best.first_success)} of {best.courses} episodes "
        f"with no at-fault collision, {best.second} {format_percent(best.second_success)}"
    )
    others = _others_text(comparison, decision.others)
    if best.success.value == 0.0:
        return f"No difference: {facts}.{others}"
    text = _difference_text(best, decision.p, decision.pairs)
    if decision.p < SIGNIFICANT:
        return f"{best.first} is better: {facts}; {text}.{others}"
    return f"No significant difference: {facts}; {text}.{others}"


def _others_text(comparison: Comparison, labels: Sequence[str]) -> str:
    if not labels:
        return ""
    listed = ", ".join(f"{label} {format_percent(comparison.headline(label).success)}" for label in labels)
    return f" The other drivers: {listed}."


def _difference_text(difference: Difference, p: float, comparisons: int) -> str:
    text = format_points(difference.success, sign="-")
    corrected = f" after Holm's correction for {comparisons} comparisons" if comparisons > 1 else ""
    return f"a difference of {text.value} percentage points ({text.interval}, p {format_p(p)}{corrected})"


def _single_driver(comparison: Comparison, label: str) -> str:
    headline = comparison.headline(label)
    return (
        f"{label} completes {format_percent(headline.success)} of {headline.episodes} episodes with no "
        "at-fault collision."
    )
