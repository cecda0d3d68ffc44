"""Summarises the episodes of one agent as fractions and means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.evaluation.statistics import effective_size, wilson
from drive_stack.scenario_name import ScenarioName

Course = tuple[str, int]  # scenario, seed
World = tuple[str, int]  # name that seeds the scenario's worlds, seed


def world_of(row: Row) -> World:
    """The world of a row's episode; episodes that share it are not independent of one another.

    Rows of older versions name no world: there, all variants of a scenario shared the world of their seed.
    """
    return row.world or ScenarioName.parse(row.result.scenario).base, row.result.seed


def expert_progress(result: EpisodeResult) -> float | None:
    """Progress relative to the expert, None where it is not known.

    An episode that an error ended before its first step drove nothing, and has 0.
    """
    if result.progress_of_expert is None and result.status is Status.ERROR:
        return 0.0
    return result.progress_of_expert


def group_of(scenario: str) -> str:
    """A scenario's name without the keys that are set in it."""
    return ScenarioName.parse(scenario).base


def same_world(first: Row, second: Row) -> bool:
    """Whether two rows of the same course were driven in the same world.

    Rows of older versions, in which variants did not draw worlds of their own, name no world. The world of a
    scenario without keys is still the same.
    """
    if first.world and second.world:
        return first.world == second.world
    return first.world == second.world or not ScenarioName.parse(first.result.scenario).settings


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one agent over some episodes; fractions lie between 0 and 1."""

    episodes: int
    effective_episodes: float  # effective number of independent episodes
    successes: int
    pedestrian_collisions: float  # fraction of episodes with a collision with a pedestrian
    at_fault: int  # episodes with an at-fault collision
    hit_by_others: int  # episodes with a collision that was not at fault
    errors: int
    route_completion: float  # mean
    speed_ratio: float | None  # mean speed relative to the reference on the same courses; None without these
    comfort: float  # fraction of the driven time within the comfort bounds
    driving_score: float  # mean, 0 … 100

    @property
    def success(self) -> float:
        """Fraction of successful episodes."""
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
    """Summarise at least one result.

    ``reference`` holds the results that speeds are compared with. ``worlds`` are the worlds of the
    results; if left out, each result has a world of its own.
    """
    driven = np.array([result.duration_s for result in results])
    comfort = np.array([result.comfort for result in results])
    return Summary(
        episodes=len(results),
        effective_episodes=effective_size(worlds or range(len(results))),
        successes=sum(map(succeeded, results)),
        pedestrian_collisions=float(np.mean([result.collision_with == "pedestrian" for result in results])),
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
    total = sum(reference_speed for _, reference_speed in pairs)
    return sum(speed for speed, _ in pairs) / total if total > 0.0 else None
