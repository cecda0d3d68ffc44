"""The result of an evaluation in one or two sentences that claim no more than the figures show."""

from __future__ import annotations

from dataclasses import dataclass

from drive_stack.evaluation.comparison import Comparison, Difference
from drive_stack.evaluation.estimate_text import format_p, format_percent, format_points
from drive_stack.evaluation.statistics import holm

SIGNIFICANT = 0.05
NO_VERDICT = "There is no verdict before all are driven."


def verdict(comparison: Comparison) -> str:
    """Which driver is better, by how much and how certain this is.

    If episodes are missing, the text states how many are driven and compares nothing: intervals and p do not
    allow for a run that is stopped when its figures please (optional stopping). Of several pairs of drivers,
    the pair with the greatest difference is described, and its p is corrected for the number of pairs. Both
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
    """The pair of drivers that a verdict describes: the greatest difference, the better driver first."""

    difference: Difference
    p: float  # corrected for the number of pairs
    pairs: int  # of drivers that were compared


def decide(comparison: Comparison) -> Decision | None:
    """The pair of drivers that the verdict describes; None where there are not two that can be compared."""
    differences = comparison.differences()
    if not differences:
        return None
    corrected = holm([difference.p for difference in differences])
    greatest, p = max(zip(differences, corrected, strict=True), key=lambda pair: abs(pair[0].success.value))
    return Decision(greatest.better_first(), p, len(differences))


def _compare_drivers(comparison: Comparison) -> str:
    decision = decide(comparison)
    if decision is None:
        return " ".join(_single_driver(comparison, label) for label in comparison.labels[-1:])
    greatest = decision.difference
    facts = (
        f"{greatest.first} completes {format_percent(greatest.first_success)} of {greatest.courses} episodes "
        f"with no at-fault collision, {greatest.second} {format_percent(greatest.second_success)}"
    )
    if greatest.success.value == 0.0:
        return f"No difference: {facts}."
    text = _difference_text(greatest, decision.p, decision.pairs)
    if decision.p < SIGNIFICANT:
        return f"{greatest.first} is better: {facts}; {text}."
    return f"No significant difference: {facts}; {text}."


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
