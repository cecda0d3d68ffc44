"""Which failures are shown next to another driver on the same course and seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drive_stack.evaluation.abilities.assignment import ability_of
from drive_stack.evaluation.result import succeeded
from drive_stack.evaluation.summary import same_world
from drive_stack.report.clips.clip_recorder import DURATION, Clip
from drive_stack.report.clips.counterpart import FilmedPair
from drive_stack.report.gallery import CLIPS
from drive_stack.report.runs import Entry, Runs

MAX_PAIRS = 3


@dataclass(frozen=True, slots=True)
class DrivePair:
    """A failure with a film, and another driver's drive of the same course in the same run."""

    failed: Entry
    other: Entry

    @property
    def filmed(self) -> FilmedPair:
        """The pair as it is recorded next to the film of the other drive."""
        result = self.failed.row.result
        return FilmedPair(
            failed=self.failed.label,
            failed_config=self.failed.row.config_hash,
            other=self.other.label,
            other_config=self.other.row.config_hash,
            scenario=result.scenario,
            seed=result.seed,
            end_s=result.duration_s,
        )


def choose_pairs(runs: Runs) -> list[DrivePair]:
    """Failures worth watching next to another drive, the most instructive first.

    Each failure of an unprivileged driver is paired with the driver that did best on the same course:
    success counts first, then not reading the truth, then the route. Pairs in which the other driver
    succeeded come first. Among equals, the failing drivers take turns, and abilities that have not been
    shown yet come first, so that the first pairs differ.
    """
    pairs = [
        DrivePair(entry, other)
        for entry in runs.entries
        if not succeeded(entry.row.result)
        and not entry.row.result.privileged
        and _clip(entry).video.is_file()
        and (other := _best_other(entry, runs.entries)) is not None
    ]
    chosen: list[DrivePair] = []
    while pairs:
        best = min(pairs, key=lambda pair: _rank(pair, chosen))  # the first of equals
        pairs.remove(best)
        chosen.append(best)
    return chosen


def _rank(pair: DrivePair, chosen: Sequence[DrivePair]) -> tuple[bool, int, int, int]:
    """What makes a pair less instructive after those that are ``chosen``, the most important first."""
    ability, scenario = ability_of(pair.failed.row.result.scenario), pair.failed.row.result.scenario
    return (
        not succeeded(pair.other.row.result),
        sum(one.failed.row.label == pair.failed.row.label for one in chosen),
        sum(ability_of(one.failed.row.result.scenario) is ability for one in chosen),
        sum(one.failed.row.result.scenario == scenario for one in chosen),
    )


def _best_other(entry: Entry, entries: Sequence[Entry]) -> Entry | None:
    """The other driver's drive of the same course that is shown; None where there is none.

    A drive that ended before the failure's clip begins has nothing to show.
    """
    result = entry.row.result
    others = [
        other
        for other in entries
        if other.run == entry.run
        and other.label != entry.label
        and (other.row.result.scenario, other.row.result.seed) == (result.scenario, result.seed)
        and same_world(other.row, entry.row)
        and other.row.result.duration_s > result.duration_s - DURATION
    ]
    return max(others, key=_merit, default=None)


def _merit(entry: Entry) -> tuple[bool, bool, float]:
    result = entry.row.result
    return succeeded(result), not result.privileged, result.route_completion


def _clip(entry: Entry) -> Clip:
    result = entry.row.result
    return Clip.of(entry.run / CLIPS, entry.label, result.scenario, result.seed)
