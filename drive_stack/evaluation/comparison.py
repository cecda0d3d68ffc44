"""Compares drivers on the same courses: figures with intervals from the rows of an evaluation."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.evaluation.statistics import (
    Estimate,
    exact_paired_test,
    fraction,
    holm,
    mean,
    paired_difference,
    paired_fraction_difference,
)
from drive_stack.evaluation.summary import Course, World, expert_progress, group_of, same_world, world_of
from drive_stack.shifts import base_and_shift

BASE, SHIFTED = "base courses", "shifted courses"


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many of the requested episodes of a run are driven."""

    driven: int
    requested: int

    @property
    def text(self) -> str:
        """A sentence that says that the run is unfinished; empty for a finished run."""
        if self.driven >= self.requested:
            return ""
        return f"This run is unfinished: {self.driven} of {self.requested} episodes."


@dataclass(frozen=True, slots=True)
class Headline:
    """The main figures of one driver; fractions 0 … 1, scores 0 … 100."""

    label: str
    privileged: bool
    episodes: int
    errors: int
    success: Estimate
    collisions: Estimate  # fraction of episodes with an at-fault collision that was avoidable
    progress: Estimate  # completed fraction of the route
    progress_of_expert: Estimate | None
    driving_score: Estimate
    speed_mps: Estimate
    comfort: Estimate
    schemes: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Difference:
    """Difference of two drivers, first − second, on the courses that both drove."""

    first: str
    second: str
    courses: int
    success: Estimate
    driving_score: Estimate
    first_success: Estimate  # of each driver on these courses
    second_success: Estimate
    p: float  # of the exact paired test of success
    only_first: int  # courses on which only the first driver succeeded
    only_second: int
    schemes: Mapping[str, Estimate]  # of the totals of each scheme that scored all of these courses

    def better_first(self) -> Difference:
        """The same difference, with the driver first that succeeded more often."""
        if self.success.value >= 0.0:
            return self
        return Difference(
            self.second,
            self.first,
            self.courses,
            -self.success,
            -self.driving_score,
            self.second_success,
            self.first_success,
            self.p,
            self.only_second,
            self.only_first,
            {scheme: -difference for scheme, difference in self.schemes.items()},
        )


@dataclass(frozen=True, slots=True)
class ScenarioDifference:
    """Difference of success within one scenario; ``p`` is corrected for the number of scenarios."""

    scenario: str
    success: Estimate
    p: float


@dataclass(frozen=True, slots=True)
class Part:
    """A comparison on some of the courses."""

    name: str  # `BASE` or `SHIFTED`; empty for all courses of a suite without shifts
    comparison: Comparison


class Comparison:
    """The rows of several drivers, in the order of their labels.

    Episodes in the same world are not independent, so intervals and tests count worlds. Without
    ``completeness`` the rows are taken to be complete.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        labels: Sequence[str] | None = None,
        completeness: Completeness | None = None,
    ) -> None:
        present = list(dict.fromkeys(row.label for row in rows))
        self.labels = tuple(label for label in (labels or present) if label in present)
        self.completeness = completeness or Completeness(len(rows), len(rows))
        self._rows: dict[str, dict[Course, Row]] = {label: {} for label in self.labels}
        for row in rows:
            if row.label in self._rows:
                self._rows[row.label][row.result.scenario, row.result.seed] = row
        self.scenarios = tuple(dict.fromkeys(row.result.scenario for row in rows))
        self.groups = tuple(dict.fromkeys(map(group_of, self.scenarios)))
        self._headlines: dict[str, Headline] = {}  # cached: the bootstrap is slow
        self._parts: tuple[Part, ...] | None = None  # cached, because they cache their headlines

    @property
    def parts(self) -> tuple[Part, ...]:
        """The comparison on base courses and that on shifted courses; all courses where none is shifted.

        Figures over bases and shifted twins together describe neither, so they are stated apart.
        """
        if self._parts is None:
            self._parts = self._split()
        return self._parts

    def _split(self) -> tuple[Part, ...]:
        rows = [row for label in self.labels for row in self.rows(label)]
        is_shifted = {name: base_and_shift(name)[1] is not None for name in self.scenarios}
        if not any(is_shifted.values()):
            return (Part("", self),)
        chosen = {
            BASE: [row for row in rows if not is_shifted[row.result.scenario]],
            SHIFTED: [row for row in rows if is_shifted[row.result.scenario]],
        }
        return tuple(
            Part(name, Comparison(own, self.labels, self.completeness)) for name, own in chosen.items() if own
        )

    def results(self, label: str, group: str | None = None) -> list[EpisodeResult]:
        """Results of a driver on all courses, or on those of one group."""
        results = [row.result for row in self._rows[label].values()]
        return [result for result in results if group in (None, group_of(result.scenario))]

    def rows(self, label: str) -> list[Row]:
        """Rows of a driver on all courses."""
        return list(self._rows[label].values())

    def paired(self, first: str, second: str) -> list[tuple[EpisodeResult, EpisodeResult]]:
        """Results of the courses that both drivers drove in the same worlds."""
        return [(a.result, b.result) for a, b in self._paired_rows(first, second)]

    def count_unpaired(self, first: str, second: str) -> int:
        """Number of courses that both drivers drove, but in different worlds."""
        both = self._rows[first].keys() & self._rows[second].keys()
        return len(both) - len(self._paired_rows(first, second))

    def _paired_rows(self, first: str, second: str) -> list[tuple[Row, Row]]:
        others = self._rows[second]
        return [
            (row, others[course])
            for course, row in self._rows[first].items()
            if course in others and same_world(row, others[course])
        ]

    def headline(self, label: str) -> Headline:
        """The main figures of a driver."""
        if label not in self._headlines:
            self._headlines[label] = self._compute_headline(label)
        return self._headlines[label]

    def _compute_headline(self, label: str) -> Headline:
        rows = list(self._rows[label].values())
        results, worlds = [row.result for row in rows], [world_of(row) for row in rows]
        names = dict.fromkeys(name for result in results for name in result.scores)
        return Headline(
            label=label,
            privileged=any(result.privileged for result in results),
            episodes=len(results),
            errors=sum(result.status is Status.ERROR for result in results),
            success=fraction([succeeded(result) for result in results], worlds),
            collisions=fraction([result.charged for result in results], worlds),
            progress=mean([result.route_completion for result in results], worlds),
            progress_of_expert=_mean_of_known(_expert_progress(results), worlds),
            driving_score=mean([result.driving_score for result in results], worlds),
            speed_mps=mean([result.mean_speed_mps for result in results], worlds),
            comfort=mean([result.comfort for result in results], worlds),
            schemes={
                name: estimate
                for name in names
                if (estimate := _mean_of_known([_total(result, name) for result in results], worlds))
                is not None
            },
        )

    def difference(self, first: str, second: str) -> Difference | None:
        """The difference of two drivers; None where they share no course."""
        rows = self._paired_rows(first, second)
        if not rows:
            return None
        pairs, worlds = [(a.result, b.result) for a, b in rows], [world_of(a) for a, _ in rows]
        first_successes, second_successes = [succeeded(a) for a, _ in pairs], [succeeded(b) for _, b in pairs]
        return Difference(
            first=first,
            second=second,
            courses=len(pairs),
            success=paired_fraction_difference(first_successes, second_successes, worlds),
            driving_score=paired_difference(
                [a.driving_score for a, _ in pairs], [b.driving_score for _, b in pairs], worlds
            ),
            first_success=fraction(first_successes, worlds),
            second_success=fraction(second_successes, worlds),
            p=exact_paired_test(first_successes, second_successes, worlds),
            only_first=sum(a and not b for a, b in zip(first_successes, second_successes, strict=True)),
            only_second=sum(b and not a for a, b in zip(first_successes, second_successes, strict=True)),
            schemes=_scheme_differences(pairs, worlds),
        )

    def differences(self) -> list[Difference]:
        """Differences of all pairs of unprivileged drivers, or of all drivers where fewer than two are."""
        unprivileged = [
            label for label in self.labels if not any(result.privileged for result in self.results(label))
        ]
        pairs = itertools.combinations(unprivileged if len(unprivileged) > 1 else self.labels, 2)
        return [difference for a, b in pairs if (difference := self.difference(a, b)) is not None]

    def by_scenario(self, first: str, second: str) -> list[ScenarioDifference]:
        """Difference of two drivers in each scenario, the greatest first; variants count as one scenario."""
        groups = []
        for group in self.groups:
            rows = [
                pair
                for pair in self._paired_rows(first, second)
                if group_of(pair[0].result.scenario) == group
            ]
            if rows:
                successes = [succeeded(a.result) for a, _ in rows], [succeeded(b.result) for _, b in rows]
                worlds = [world_of(a) for a, _ in rows]
                difference = paired_fraction_difference(*successes, worlds)
                groups.append((group, difference, exact_paired_test(*successes, worlds)))
        corrected = holm([p for _, _, p in groups])
        differences = [
            ScenarioDifference(group, success, p)
            for (group, success, _), p in zip(groups, corrected, strict=True)
        ]
        return sorted(differences, key=lambda difference: -abs(difference.success.value))


def _mean_of_known(values: Sequence[float | None], worlds: Sequence[World]) -> Estimate | None:
    """Mean of the values that are not None; None where all are None."""
    known = [(value, world) for value, world in zip(values, worlds, strict=True) if value is not None]
    return mean([value for value, _ in known], [world for _, world in known]) if known else None


def _expert_progress(results: Sequence[EpisodeResult]) -> list[float | None]:
    """`expert_progress` of each episode; None for all if no episode was measured against the expert."""
    if all(result.progress_of_expert is None for result in results):
        return [None] * len(results)
    return [expert_progress(result) for result in results]


def _scheme_differences(
    pairs: Sequence[tuple[EpisodeResult, EpisodeResult]], worlds: Sequence[World]
) -> dict[str, Estimate]:
    """Paired difference of each scheme's total, first − second, where it scored every drive of the pairs."""
    names = dict.fromkeys(name for pair in pairs for result in pair for name in result.scores)
    totals = {name: [(_total(a, name), _total(b, name)) for a, b in pairs] for name in names}
    differences = {}
    for name, of_pairs in totals.items():
        known = [(a, b) for a, b in of_pairs if a is not None and b is not None]
        if len(known) == len(pairs):
            differences[name] = paired_difference([a for a, _ in known], [b for _, b in known], worlds)
    return differences


def _total(result: EpisodeResult, scheme: str) -> float | None:
    """Total under a scheme: 0 after an error of the driver; None where the row was not scored under it."""
    if scheme in result.scores:
        return result.scores[scheme].total
    return 0.0 if result.status is Status.ERROR else None
