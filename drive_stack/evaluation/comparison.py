"""Drivers compared on the same courses: rows in, figures with intervals out."""

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
)
from drive_stack.evaluation.summary import Course, World, world_of
from drive_stack.scenario_name import ScenarioName


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many of the episodes that a run asks for are driven."""

    driven: int
    asked: int

    @property
    def words(self) -> str:
        """What must be said of an unfinished run; empty for a finished one."""
        if self.driven >= self.asked:
            return ""
        return f"This run is unfinished: {self.driven} of {self.asked} episodes."


@dataclass(frozen=True, slots=True)
class Headline:
    """What one driver came to; fractions 0 … 1, scores 0 … 100."""

    label: str
    privileged: bool
    episodes: int
    errors: int
    success: Estimate
    collisions: Estimate  # fraction of episodes with one that is charged
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
    first_success: Estimate  # of each alone, on these courses
    second_success: Estimate
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
            self.second_success,
            self.first_success,
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
    """Rows of several drivers, in the order of their labels.

    Episodes in one world are not independent of one another, so that intervals and tests count worlds.
    Without ``completeness`` the rows are all that was asked for.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        labels: Sequence[str] | None = None,
        completeness: Completeness | None = None,
    ) -> None:
        found = list(dict.fromkeys(row.label for row in rows))
        self.labels = tuple(label for label in (labels or found) if label in found)
        self.completeness = completeness or Completeness(len(rows), len(rows))
        self._of: dict[str, dict[Course, Row]] = {label: {} for label in self.labels}
        for row in rows:
            if row.label in self._of:
                self._of[row.label][row.result.scenario, row.result.seed] = row
        self.scenarios = tuple(dict.fromkeys(row.result.scenario for row in rows))
        self.groups = tuple(dict.fromkeys(map(group_of, self.scenarios)))
        self._headlines: dict[str, Headline] = {}  # their intervals take a while

    def results(self, label: str, group: str | None = None) -> list[EpisodeResult]:
        """A driver's, of all courses or of one group."""
        results = [row.result for row in self._of[label].values()]
        return [one for one in results if group in (None, group_of(one.scenario))]

    def paired(self, first: str, second: str) -> list[tuple[EpisodeResult, EpisodeResult]]:
        """Results of the courses that both drove, in the same worlds."""
        return [(one.result, other.result) for one, other in self._paired_rows(first, second)]

    def not_paired(self, first: str, second: str) -> int:
        """How many courses of the same name both drove, but in different worlds."""
        both = self._of[first].keys() & self._of[second].keys()
        return len(both) - len(self._paired_rows(first, second))

    def _paired_rows(self, first: str, second: str) -> list[tuple[Row, Row]]:
        others = self._of[second]
        return [
            (row, others[course])
            for course, row in self._of[first].items()
            if course in others and same_world(row, others[course])
        ]

    def headline(self, label: str) -> Headline:
        """A driver's figures."""
        if label not in self._headlines:
            self._headlines[label] = self._worked_out(label)
        return self._headlines[label]

    def _worked_out(self, label: str) -> Headline:
        rows = list(self._of[label].values())
        results, worlds = [row.result for row in rows], [world_of(row) for row in rows]
        names = dict.fromkeys(name for one in results for name in one.scores)
        return Headline(
            label=label,
            privileged=any(one.privileged for one in results),
            episodes=len(results),
            errors=sum(one.status is Status.ERROR for one in results),
            success=fraction([succeeded(one) for one in results], worlds),
            collisions=fraction([one.charged for one in results], worlds),
            progress=mean([one.route_completion for one in results], worlds),
            progress_of_expert=_mean_of_known([one.progress_of_expert for one in results], worlds),
            driving_score=mean([one.driving_score for one in results], worlds),
            speed_mps=mean([one.mean_speed_mps for one in results], worlds),
            comfort=mean([one.comfort for one in results], worlds),
            schemes={
                name: found
                for name in names
                if (found := _mean_of_known([_total(one, name) for one in results], worlds)) is not None
            },
        )

    def difference(self, first: str, second: str) -> Difference | None:
        """None where the two share no course."""
        rows = self._paired_rows(first, second)
        if not rows:
            return None
        pairs, worlds = [(a.result, b.result) for a, b in rows], [world_of(a) for a, _ in rows]
        mine, theirs = [succeeded(a) for a, _ in pairs], [succeeded(b) for _, b in pairs]
        return Difference(
            first=first,
            second=second,
            courses=len(pairs),
            success=paired_difference(mine, theirs, worlds),
            driving_score=paired_difference(
                [a.driving_score for a, _ in pairs], [b.driving_score for _, b in pairs], worlds
            ),
            first_success=fraction(mine, worlds),
            second_success=fraction(theirs, worlds),
            p=exact_paired_test(mine, theirs, worlds),
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
            rows = [
                pair
                for pair in self._paired_rows(first, second)
                if group_of(pair[0].result.scenario) == group
            ]
            if rows:
                mine, theirs = [succeeded(a.result) for a, _ in rows], [succeeded(b.result) for _, b in rows]
                worlds = [world_of(a) for a, _ in rows]
                difference = paired_difference(mine, theirs, worlds)
                found.append((group, difference, exact_paired_test(mine, theirs, worlds)))
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
    return ScenarioName.parse(scenario).base


def same_world(first: Row, second: Row) -> bool:
    """Whether two rows of one course are of the same world.

    Rows from before variants drew worlds of their own name no world; that of a name without keys is still
    the same.
    """
    if first.world and second.world:
        return first.world == second.world
    return first.world == second.world or not ScenarioName.parse(first.result.scenario).settings


def _mean_of_known(values: Sequence[float | None], worlds: Sequence[World]) -> Estimate | None:
    """Of the values that are not None; None where all are."""
    known = [(value, world) for value, world in zip(values, worlds, strict=True) if value is not None]
    return mean([value for value, _ in known], [world for _, world in known]) if known else None


def _total(one: EpisodeResult, scheme: str) -> float | None:
    """A driver that failed scores 0; None for an episode of before the scheme was scored."""
    if scheme in one.scores:
        return one.scores[scheme].total
    return 0.0 if one.status is Status.ERROR else None
