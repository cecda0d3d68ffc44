"""Episodes of one agent as shares and means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from drive_stack.evaluation.result import EpisodeResult, Status

Course = tuple[str, int]  # scenario, seed


def succeeded(result: EpisodeResult) -> bool:
    """Whether the route was completed with no collision of the agent's own fault."""
    return result.status is Status.COMPLETED and not result.at_fault


@dataclass(frozen=True, slots=True)
class Summary:
    """What one agent came to over some episodes; shares lie between 0 and 1."""

    episodes: int
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
        return wilson(self.successes, self.episodes)


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % confidence interval of a share (Wilson 1927), without continuity correction."""
    interval = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def summarise_episodes(
    results: Sequence[EpisodeResult], reference: Mapping[Course, EpisodeResult] | None = None
) -> Summary:
    """Summary of at least one result; ``reference`` is whom speeds are compared with."""
    driven = np.array([result.duration_s for result in results])
    comfort = np.array([result.comfort for result in results])
    return Summary(
        episodes=len(results),
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
