"""Drivers compared on the same courses: rows in, figures with intervals and a verdict out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.evaluation.statistics import (
    Estimate,
    exact_paired_test,
    holm,
    mean,
    paired_difference,
    share,
)
from drive_stack.evaluation.summary import Course, succeeded
from drive_stack.scenario_name import without_keys

SURE = 0.05


@dataclass(frozen=True, slots=True)
class Headline:
    """What one driver came to; shares 0 … 1, scores 0 … 100."""

    label: str
    privileged: bool
    episodes: int
    errors: int
    success: Estimate
    collisions: Estimate  # share of episodes with one that is charged
    progress: Estimate  # of the route
    progress_of_expert: Estimate | None
    driving_score: Estimate
    speed_mps: Estimate
    comfort: Estimate
    schemes: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Difference:
    """Two drivers on the courses that both drove: first − second."""

    first: str
    second: str
    courses: int
    success: Estimate
    driving_score: Estimate
    p: float  # exact paired test of success
    only_first: int
    only_second: int

    def better_first(self) -> Difference:
        """The same with that one first who succeeded more often."""
        if self.success.value >= 0.0:
            return self
        return Difference(
            self.second,
            self.first,
            self.courses,
            -self.success,
            -self.driving_score,
            self.p,
            self.only_second,
            self.only_first,
        )


@dataclass(frozen=True, slots=True)
class ScenarioDifference:
    """The same within one scenario; ``p`` is corrected over all scenarios."""

    scenario: str
    success: Estimate
    p: float


class Comparison:
    """Rows of several drivers, in the order of their labels."""

    def __init__(self, rows: Sequence[Row], labels: Sequence[str] | None = None) -> None:
        found = list(dict.fromkeys(row.label for row in rows))
        self.labels = tuple(label for label in (labels or found) if label in found)
        self._of: dict[str, dict[Course, EpisodeResult]] = {label: {} for label in self.labels}
        for row in rows:
            if row.label in self._of:
                self._of[row.label][row.result.scenario, row.result.seed] = row.result
        self.scenarios = tuple(dict.fromkeys(row.result.scenario for row in rows))
        self.groups = tuple(dict.fromkeys(map(group_of, self.scenarios)))
        self._headlines: dict[str, Headline] = {}  # their intervals take a while

    def results(self, label: str, group: str | None = None) -> list[EpisodeResult]:
        """A driver's, of all courses or of one group."""
        return [one for one in self._of[label].values() if group in (None, group_of(one.scenario))]

    def paired(self, first: str, second: str) -> list[tuple[EpisodeResult, EpisodeResult]]:
        """Results of the courses that both drove."""
        mine, theirs = self._of[first], self._of[second]
        return [(result, theirs[course]) for course, result in mine.items() if course in theirs]

    def headline(self, label: str) -> Headline:
        """A driver's figures."""
        if label not in self._headlines:
            self._headlines[label] = self._worked_out(label)
        return self._headlines[label]

    def _worked_out(self, label: str) -> Headline:
        results = self.results(label)
        of_expert = [one.progress_of_expert for one in results if one.progress_of_expert is not None]
        names = dict.fromkeys(name for one in results for name in one.scores)
        return Headline(
            label=label,
            privileged=any(one.privileged for one in results),
            episodes=len(results),
            errors=sum(one.status is Status.ERROR for one in results),
            success=share(sum(map(succeeded, results)), len(results)),
            collisions=share(sum(one.charged for one in results), len(results)),
            progress=mean([one.route_completion for one in results]),
            progress_of_expert=mean(of_expert) if of_expert else None,
            driving_score=mean([one.driving_score for one in results]),
            speed_mps=mean([one.mean_speed_mps for one in results]),
            comfort=mean([one.comfort for one in results]),
            schemes={
                name: mean([total for one in results if (total := _total(one, name)) is not None])
                for name in names
            },
        )

    def difference(self, first: str, second: str) -> Difference | None:
        """None where the two share no course."""
        pairs = self.paired(first, second)
        if not pairs:
            return None
        mine, theirs = [succeeded(a) for a, _ in pairs], [succeeded(b) for _, b in pairs]
        return Difference(
            first=first,
            second=second,
            courses=len(pairs),
            success=paired_difference(mine, theirs),
            driving_score=paired_difference(
                [a.driving_score for a, _ in pairs], [b.driving_score for _, b in pairs]
            ),
            p=exact_paired_test(mine, theirs),
            only_first=sum(a and not b for a, b in zip(mine, theirs, strict=True)),
            only_second=sum(b and not a for a, b in zip(mine, theirs, strict=True)),
        )

    def differences(self) -> list[Difference]:
        """Of all pairs that do not read the truth; of all where that leaves none."""
        honest = [label for label in self.labels if not any(one.privileged for one in self.results(label))]
        pairs = itertools.combinations(honest if len(honest) > 1 else self.labels, 2)
        return [found for a, b in pairs if (found := self.difference(a, b)) is not None]

    def by_scenario(self, first: str, second: str) -> list[ScenarioDifference]:
        """Groups of scenarios, those first in which the two differ most."""
        found = []
        for group in self.groups:
            pairs = [pair for pair in self.paired(first, second) if group_of(pair[0].scenario) == group]
            if pairs:
                mine, theirs = [succeeded(a) for a, _ in pairs], [succeeded(b) for _, b in pairs]
                found.append((group, paired_difference(mine, theirs), exact_paired_test(mine, theirs)))
        corrected = holm([p for _, _, p in found])
        differences = [
            ScenarioDifference(group, success, p)
            for (group, success, _), p in zip(found, corrected, strict=True)
        ]
        return sorted(differences, key=lambda one: -abs(one.success.value))

    def failures(self) -> list[tuple[str, EpisodeResult]]:
        """Every episode that was no success, worst drivers' last."""
        return [(label, one) for label in self.labels for one in self.results(label) if not succeeded(one)]


def group_of(scenario: str) -> str:
    """A scenario's name without the keys that are set in it."""
    return without_keys(scenario)[0]


def verdict(comparison: Comparison) -> str:
    """Who is better, by how much and how sure, in a sentence or two.

    Of several pairs that one is told that is furthest apart, so its p is corrected for their number. Both
    shares are of the courses that both drove: only those can be compared.
    """
    differences = comparison.differences()
    if not differences:
        return " ".join(_alone(comparison.headline(label)) for label in comparison.labels[-1:])
    corrected = holm([found.p for found in differences])
    one, p = max(zip(differences, corrected, strict=True), key=lambda found: abs(found[0].success.value))
    one = one.better_first()
    pairs = comparison.paired(one.first, one.second)
    better = share(sum(succeeded(mine) for mine, _ in pairs), one.courses)
    worse = share(sum(succeeded(theirs) for _, theirs in pairs), one.courses)
    facts = (
        f"{one.first} completes {percent(better)} of {one.courses} episodes with no collision "
        f"of its own fault, {one.second} {percent(worse)}"
    )
    if one.success.value == 0.0:
        return f"No difference shows: {facts}."
    apart = (
        f"{100 * one.success.value:.1f} points apart "
        f"({100 * one.success.low:.0f} to {100 * one.success.high:.0f}, p {p_words(p)}"
        + (f" after correction for {len(differences)} comparisons)" if len(differences) > 1 else ")")
    )
    if p < SURE:
        return f"{one.first} is better: {facts}; {apart}."
    return f"No clear difference: {facts}; {apart}."


def _total(one: EpisodeResult, scheme: str) -> float | None:
    """A driver that failed scores 0; None for an episode of before the scheme was scored."""
    if scheme in one.scores:
        return one.scores[scheme].total
    return 0.0 if one.status is Status.ERROR else None


def _alone(one: Headline) -> str:
    return (
        f"{one.label} completes {percent(one.success)} of {one.episodes} episodes with no collision "
        "of its own fault."
    )


def percent(one: Estimate) -> str:
    """Such as ``93 % (89–96)``; ``99.5 % (97–100)`` where a whole number would say all or none."""
    whole = f"{100 * one.value:.0f}"
    told = f"{100 * one.value:.1f}" if whole in {"0", "100"} and 0.0 < one.value < 1.0 else whole
    return f"{told} % ({100 * one.low:.0f}–{100 * one.high:.0f})"


def p_words(p: float) -> str:
    """Such as ``= 0.03``."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"
