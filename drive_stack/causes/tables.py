"""Causes of each agent's failures, counted, with Wilson's intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.causes.explanation import Explanation
from drive_stack.evaluation import statistics
from drive_stack.evaluation.statistics import Estimate


@dataclass(frozen=True, slots=True)
class Count:
    """How many of a driver's explained failures have a cause, or are averted by a change."""

    label: str  # of the driver
    name: str  # of the cause or the change
    count: int
    failures: int  # of the driver: all, or those for which the change was tried
    fraction: Estimate  # count / failures; failures in the same world count as one


def cause_counts(explanations: Sequence[Explanation]) -> list[Count]:
    """The causes of each agent, the most frequent first; agents are in the order of the explanations."""
    counts = []
    for label, own in _by_label(explanations):
        for cause, count in Counter(explanation.cause for explanation in own).most_common():
            fraction = statistics.fraction([explanation.cause == cause for explanation in own], _worlds(own))
            counts.append(Count(label, cause, count, len(own), fraction))
    return counts


def averted_counts(explanations: Sequence[Explanation]) -> list[Count]:
    """What each change averts, by agent, in the order in which changes were tried."""
    counts = []
    for label, own in _by_label(explanations):
        for change in dict.fromkeys(tried.name for explanation in own for tried in explanation.tried):
            of_change = [
                (explanation, tried.averts)
                for explanation in own
                for tried in explanation.tried
                if tried.name == change
            ]
            averted = [averts for _, averts in of_change]
            fraction = statistics.fraction(averted, _worlds([explanation for explanation, _ in of_change]))
            counts.append(Count(label, change, sum(averted), len(averted), fraction))
    return counts


def _by_label(explanations: Sequence[Explanation]) -> list[tuple[str, list[Explanation]]]:
    labels = dict.fromkeys(explanation.label for explanation in explanations)
    return [(label, [own for own in explanations if own.label == label]) for label in labels]


def _worlds(explanations: Sequence[Explanation]) -> list[tuple[str, int]]:
    return [(explanation.scenario, explanation.seed) for explanation in explanations]
