"""Chooses the race of the demonstration by driving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drive_stack.app.commands.demo.plan import Course
from drive_stack.app.race import RaceResult
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.evaluation.result import EpisodeResult, Status, succeeded
from drive_stack.narration.telling import Narration


@dataclass(frozen=True, slots=True)
class DrivenRace:
    """A race that has been driven, and its story."""

    course: Course
    result: RaceResult
    narration: Narration


def is_telling(results: Sequence[EpisodeResult]) -> bool:
    """Whether one driver succeeds and the other fails in a way that a careful driver would have avoided."""
    failed = [result for result in results if not succeeded(result)]
    return len(failed) == len(results) - 1 and all(result.avoidable is not False for result in failed)


def choose_race(courses: Sequence[Course], drive: Callable[[Course], DrivenRace]) -> tuple[DrivenRace, bool]:
    """Drive the courses in order, and return the first telling race and True.

    Without one, return the race in which the driving scores differ most, and False.

    Raises:
        ConfigError: a driver fails with an error.
    """
    driven: list[DrivenRace] = []
    for course in courses:
        race = drive(course)
        _check(race)
        if is_telling(race.result.results):
            return race, True
        driven.append(race)
    return max(driven, key=lambda race: _difference(race.result.results)), False


def _check(race: DrivenRace) -> None:
    for result in race.result.results:
        if result.status is Status.ERROR:
            reason = (result.error or "").strip().splitlines()[-1:]
            raise ConfigError(
                f"{result.agent} failed on {shortened(result.scenario)}, seed {result.seed}: "
                f"{shortened(''.join(reason), 300)}"
            )


def _difference(results: Sequence[EpisodeResult]) -> float:
    scores = [result.driving_score for result in results]
    return max(scores) - min(scores)
