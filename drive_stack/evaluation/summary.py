"""Episodes of one agent as fractions and means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.evaluation.statistics import effective_size, wilson
from drive_stack.scenario_name import ScenarioName

Course = tuple[str, int]  # scenario, seed
World = tuple[str, int]  # what seeds the scenario's worlds, seed


def world_of(row: Row) -> World:
    """The world of a row's episode; episodes that share it are not independent of one another.

    Rows that name no world are of before variants of a scenario drew worlds of their own: all variants of a
    scenario share the world of their seed.
    """
    return row.world or ScenarioName.parse(row.result.scenario).base, row.result.seed


@dataclass(frozen=True, slots=True)
class Summary:
    """What one agent came to over some episodes; fractions lie between 0 and 1."""

    episodes: int
    effective_episodes: float  # how many independent ones they are worth
    successes: int
    people_hit: float  # share of episodes that ended on a person
    at_fault: int  # collisions of its own fault
    hit_by_others: int  # collisions that were not
    errors: int
    route_completion: float  # mean
    speed_ratio: float | None  # mean speed over the reference's on the same courses; None where it has none
    comfort: float  # share of the time driven inside the comfort bounds
    driving_score: float  # mean, 0 … 100

    @property
    def success(self) -> float:
        """Share of successes."""
        return self.successes / self.episodes

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % confidence interval of `success`."""
        return wilson(self.success, self.effective_episodes)


def summarise_episodes(
    results: Sequence[EpisodeResult],
    reference: Mapping[Course, EpisodeResult] | None = None,
    worlds: Sequence[World] | None = None,
) -> Summary:
    """Summary of at least one result.

    ``reference`` is whom speeds are compared with, ``worlds`` are those of the results, each its own if left
    out.
    """
    driven = np.array([result.duration_s for result in results])
    comfort = np.array([result.comfort for result in results])
    return Summary(
        episodes=len(results),
        effective_episodes=effective_size(worlds or range(len(results))),
        successes=sum(map(succeeded, results)),
        people_hit=float(np.mean([result.collision_with == "pedestrian" for result in results])),
        at_fault=sum(result.at_fault is True for result in results),
        hit_by_others=sum(result.at_fault is False for result in results),
        errors=sum(result.status is Status.ERROR for result in results),
        route_completion=float(np.mean([result.route_completion for result in results])),
        speed_ratio=_speed_ratio(results, reference or {}),
        comfort=float(comfort @ driven / driven.sum()) if driven.sum() > 0.0 else 0.0,
        driving_score=float(np.mean([result.driving_score for result in results])),
    )


def _speed_ratio(results: Sequence[EpisodeResult], reference: Mapping[Course, EpisodeResult]) -> float | None:
    """Ratio of the mean speeds over the courses that both drove without an error."""
    pairs = [
        (result.mean_speed_mps, reference[result.scenario, result.seed].mean_speed_mps)
        for result in results
        if (result.scenario, result.seed) in reference
        and Status.ERROR not in (result.status, reference[result.scenario, result.seed].status)
    ]
    theirs = sum(other for _, other in pairs)
    return sum(own for own, _ in pairs) / theirs if theirs > 0.0 else None
