"""Who is better, in a sentence or two that claim no more than the figures tell."""

from __future__ import annotations

from drive_stack.evaluation.comparison import Comparison, Difference
from drive_stack.evaluation.statistics import holm
from drive_stack.evaluation.wording import p_words, percent, points

SIGNIFICANT = 0.05


def verdict(comparison: Comparison) -> str:
    """Who is better, by how much and how sure; before it, if episodes are missing, how many.

    Of several pairs that one is told that is furthest apart, so its p is corrected for their number. Both
    fractions are of the courses that both drove: only those can be compared.
    """
    found = _who_is_better(comparison)
    unfinished = comparison.completeness.words
    return f"{unfinished} {found}" if unfinished else found


def _who_is_better(comparison: Comparison) -> str:
    differences = comparison.differences()
    if not differences:
        return " ".join(_alone(comparison, label) for label in comparison.labels[-1:])
    corrected = holm([found.p for found in differences])
    one, p = max(zip(differences, corrected, strict=True), key=lambda found: abs(found[0].success.value))
    one = one.better_first()
    facts = (
        f"{one.first} completes {percent(one.first_success)} of {one.courses} episodes with no collision "
        f"of its own fault, {one.second} {percent(one.second_success)}"
    )
    if one.success.value == 0.0:
        return f"No difference shows: {facts}."
    apart = _apart(one, p, len(differences))
    if p < SIGNIFICANT:
        return f"{one.first} is better: {facts}; {apart}."
    return f"No clear difference: {facts}; {apart}."


def _apart(one: Difference, p: float, comparisons: int) -> str:
    text = points(one.success, sign="-")
    corrected = f" after correction for {comparisons} comparisons" if comparisons > 1 else ""
    return f"{text.value} points apart ({text.interval}, p {p_words(p)}{corrected})"


def _alone(comparison: Comparison, label: str) -> str:
    one = comparison.headline(label)
    return (
        f"{label} completes {percent(one.success)} of {one.episodes} episodes with no collision "
        "of its own fault."
    )
