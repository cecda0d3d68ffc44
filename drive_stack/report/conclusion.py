"""The conclusion of a run in one paragraph: which driver is better, where, why, and at what price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.causes.tables import Count
from drive_stack.evaluation.abilities.assignment import Ability, ability_of
from drive_stack.evaluation.comparison import Comparison, Difference
from drive_stack.evaluation.result import succeeded
from drive_stack.evaluation.verdict import decide, verdict
from drive_stack.report.failures import count_outcomes

_MAX_ABILITIES, _MAX_OUTCOMES = 3, 3  # that a sentence names
_WHOLE_AGENT = "agent"  # a driver's computing time as a whole, among those of its stages


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The sentences of the paragraph; those that the run cannot answer are empty."""

    verdict: str
    where: str = ""
    why: str = ""
    price: str = ""


def conclude(comparison: Comparison, causes: Sequence[Count] = ()) -> Conclusion:
    """The conclusion; an unfinished run, and one without two drivers to compare, has a verdict only.

    If some courses are shifted, the sentences after the verdict describe the base courses.

    ``causes`` are the counted causes of failures that were searched for (``run_sim.py why``). Without them,
    the sentence on the reason says how the drives ended.
    """
    text = verdict(comparison)
    part = comparison.parts[0]
    decision = None if comparison.completeness.text else decide(part.comparison)
    if decision is None:
        return Conclusion(text)
    difference = decision.difference
    reasons = (_why(part.comparison, label, causes) for label in (difference.second, difference.first))
    return Conclusion(
        verdict=text,
        where=(f"On {part.name}, " if part.name else "") + _where(part.comparison, difference),
        why=" ".join(reason for reason in reasons if reason),
        price=_price(part.comparison, difference),
    )


def _where(comparison: Comparison, difference: Difference) -> str:
    """The abilities in which the drivers differ most, by numbers of successful episodes."""
    first, second = difference.first, difference.second
    counts: dict[Ability, tuple[int, int, int]] = {}
    for a, b in comparison.paired(first, second):
        ability = ability_of(a.scenario)
        of_first, of_second, episodes = counts.get(ability, (0, 0, 0))
        counts[ability] = of_first + succeeded(a), of_second + succeeded(b), episodes + 1
    better = [(ability, a, b, n) for ability, (a, b, n) in counts.items() if a > b]
    worse = [(ability, a, b, n) for ability, (a, b, n) in counts.items() if b > a]
    if not better and not worse:
        return f"{first} and {second} succeed equally often in every ability."
    parts = []
    for leading, trailing, group, column in ((first, second, better, 1), (second, first, worse, 2)):
        group.sort(key=lambda one: -abs(one[1] - one[2]))
        if group:
            listed = ", ".join(
                f"{one[0].value} ({one[column]} against {one[3 - column]} of {one[3]})"
                for one in group[:_MAX_ABILITIES]
            )
            parts.append(f"{leading} succeeds more often than {trailing} in {listed}")
    return "; ".join(parts) + "."


def _why(comparison: Comparison, label: str, causes: Sequence[Count]) -> str:
    """How a driver's episodes failed, and their most frequent cause where it is known."""
    results = comparison.results(label)
    outcomes = count_outcomes(results)
    if not outcomes:
        return ""
    failures = sum(count for _, count in outcomes)
    endings = ", ".join(f"{count} {outcome}" for outcome, count in outcomes[:_MAX_OUTCOMES])
    other = failures - sum(count for _, count in outcomes[:_MAX_OUTCOMES])
    text = f"Of the failures of {label} ({failures} of {len(results)}), {endings}"
    text += f", {other} otherwise." if other else "."
    own = [cause for cause in causes if cause.label == label]
    if own:
        most = max(own, key=lambda cause: cause.count)
        text += f" The most frequent cause is: {most.name} ({most.count} of {most.failures} explained)."
    return text


def _price(comparison: Comparison, difference: Difference) -> str:
    """What the better driver costs next to the other: computing time, speed and comfort."""
    first, second = comparison.headline(difference.first), comparison.headline(difference.second)
    times = [_step_time(comparison, label) for label in (difference.first, difference.second)]
    parts = []
    if times[0] is not None and times[1] is not None:
        parts.append(
            f"computes for {times[0]:.0f} ms in each step ({second.label} {times[1]:.0f} ms, wall-clock time)"
        )
    parts.append(
        f"drives at {3.6 * first.speed_mps.value:.0f} km/h ({3.6 * second.speed_mps.value:.0f} km/h)"
    )
    comfort = [100.0 * headline.comfort.value for headline in (first, second)]
    parts.append(f"keeps the comfort bounds {comfort[0]:.0f} % of the time ({comfort[1]:.0f} %)")
    return f"{first.label} {', '.join(parts[:-1])} and {parts[-1]}."


def _step_time(comparison: Comparison, label: str) -> float | None:
    """Median over episodes of a driver's median computing time for a step [ms]; None where it is unknown."""
    times = [
        result.stages_ms[_WHOLE_AGENT]
        for result in comparison.results(label)
        if _WHOLE_AGENT in result.stages_ms
    ]
    return float(np.median(times)) if times else None
