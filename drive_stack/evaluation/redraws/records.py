"""Which worlds of a suite were replaced by others, and the courses that result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from drive_stack.seeds import MAX_SEED, Seed, SeedSplit
from drive_stack.shifts import base_and_shift

MAX_REDRAWS = 9  # of one world
_STRIDE = 10_000  # between a seed and the seeds that replace it


@dataclass(frozen=True, slots=True)
class Redraw:
    """A world of a base course and its twins that was replaced, because a hazard in it is unavoidable."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    base: str  # name of the base course
    seed: Seed  # that the suite asks for
    replacement: Seed  # the next seed that was drawn; after several redraws the last one counts
    course: str  # name of the course with the unavoidable hazard
    reason: str  # why it is unavoidable


@dataclass(frozen=True, slots=True)
class PairedWorlds:
    """The worlds that base courses share with their twins, and those that were replaced."""

    count: int = 0
    redraws: Sequence[Redraw] = ()


def replacement_seed(seed: int, number: int) -> int:
    """The seed that replaces ``seed`` at the redraw ``number`` (1 to `MAX_REDRAWS`), of the same split."""
    size = len(SeedSplit.TEST.seeds)
    first = seed - seed % size
    return first + (seed - first + number * _STRIDE) % min(size, MAX_SEED + 1 - first)


def paired_bases(scenarios: Iterable[str]) -> dict[str, list[str]]:
    """The base courses that have twins among ``scenarios``, each with all its courses."""
    groups: dict[str, list[str]] = {}
    for scenario in scenarios:
        groups.setdefault(base_and_shift(scenario)[0], []).append(scenario)
    return {base: names for base, names in groups.items() if names != [base]}


def courses_of(
    scenarios: Sequence[str], seeds: Iterable[int], redraws: Iterable[Redraw]
) -> list[tuple[str, int]]:
    """Scenario and seed of all courses of a suite, one seed after another, with the seeds after redraws."""
    drawn = {(redraw.base, redraw.seed): redraw.replacement for redraw in redraws}
    bases = {name: base_and_shift(name)[0] for name in scenarios}
    courses = ((name, drawn.get((base, seed), seed)) for seed in seeds for name, base in bases.items())
    return list(dict.fromkeys(courses))  # of more than 10,000 seeds, one may replace another
