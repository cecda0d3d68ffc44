"""Whether the published scoring schemes agree with the verdict on which of two drivers is better."""

from __future__ import annotations

from collections.abc import Mapping

from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.estimate_text import format_difference
from drive_stack.evaluation.statistics import Estimate
from drive_stack.evaluation.verdict import SIGNIFICANT, decide
from drive_stack.report.tables import SCHEME_NAMES


def scheme_agreement(comparison: Comparison) -> str:
    """Sentences on the schemes that contradict the verdict; empty where nothing can be compared.

    A scheme contradicts a verdict that names a better driver if its total is higher for the other one. If
    the verdict finds no significant difference, a scheme contradicts it if the 95 % interval of the paired
    difference of its totals excludes zero.
    """
    decision = None if comparison.completeness.text else decide(comparison)
    if decision is None or not decision.difference.schemes:
        return ""
    difference = decision.difference
    first, second, schemes = difference.first, difference.second, difference.schemes
    if decision.p < SIGNIFICANT:
        opposite = {name: total for name, total in schemes.items() if total.value < 0.0}
        if not opposite:
            return f"All schemes agree with the verdict: each gives {first} at least the total of {second}."
        listed = _listed({name: -total for name, total in opposite.items()})
        return (
            f"Not all schemes agree with the verdict that {first} is better. "
            f"Higher for {second}: {listed}. The verdict counts completed courses without an at-fault "
            "collision; the schemes also weigh speed, comfort and distances."
        )
    clear = {name: total for name, total in schemes.items() if total.low > 0.0 or total.high < 0.0}
    if not clear:
        return f"All schemes agree with the verdict: none shows a clear difference of {first} and {second}."
    sides = [
        f"Higher for {label}: {_listed(own)}."
        for label, own in (
            (first, {name: total for name, total in clear.items() if total.value > 0.0}),
            (second, {name: -total for name, total in clear.items() if total.value < 0.0}),
        )
        if own
    ]
    return (
        f"The verdict finds no significant difference of {first} and {second}, but these schemes do. "
        + " ".join(sides)
    )


def _listed(totals: Mapping[str, Estimate]) -> str:
    return ", ".join(
        f"{SCHEME_NAMES.get(name, name)} {format_difference(total)}" for name, total in totals.items()
    )
