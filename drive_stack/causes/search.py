"""Finds the smallest set of changes that averts a failure, and the latest instant at which it does.

The searches are generators: they yield trials that can be driven at the same time, and receive the results in
the same order.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias, TypeVar

from drive_stack.causes.changes import BrakesEarlier, Change, SceneChanged, StagesReplaced
from drive_stack.causes.recording import Recording
from drive_stack.causes.trials import Trial, averts, ends_alike, with_change
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.interventions.scene import SceneChange

MARGIN = 5.0  # a drive that goes on for so long after the failure has averted it [s]
MAX_PAIRS = 3  # pairs of stages for which the latest instant is searched

T = TypeVar("T")
Search: TypeAlias = Generator[Sequence[Trial], Sequence[EpisodeResult], T]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a change did."""

    change: Change
    averts: bool  # if it is made at the earliest instant that was tried
    latest: float | None = None  # the latest instant at which it averts, before the failure [s]
    no_effect: bool = False  # the drive failed in the same way at the same time


@dataclass(frozen=True, slots=True)
class Findings:
    """What all changes did."""

    earliest: float  # instant at which changes were made at the earliest, before the failure [s]
    single: tuple[Finding, ...]
    sets: tuple[Finding, ...]  # sets of stages, tried where no stage alone averts, or where it leaves a doubt


def search(
    recording: Recording, task: BatchTask, changes: Sequence[Change], before: float
) -> Search[Findings]:
    """Try changes of a drive one by one, and sets of stages where none of them averts the failure alone.

    Args:
        recording: The drive that failed.
        task: It, as a task.
        changes: What is tried.
        before: How long before the failure changes are made at the earliest [s].
    """
    steps = max(min(round(before / recording.dt), round(recording.moment / recording.dt)), 1)
    timeline = _Timeline(_trial(recording, task), recording.moment, recording.dt, steps)
    singles = yield from _try_all(timeline, changes, recording.result)
    sets = yield from _try_sets(timeline, singles, recording.result)
    every = yield from _latest(timeline, [*singles, *sets])
    return Findings(steps * recording.dt, tuple(every[: len(singles)]), tuple(every[len(singles) :]))


@dataclass(frozen=True, slots=True)
class _Timeline:
    """The instants at which changes can be made, counted in steps before the failure."""

    trial: Trial  # without a change
    moment: float  # of the failure [s]
    dt: float  # [s]
    steps: int  # number of instants

    def at(self, change: Change, steps: int) -> Trial:
        """The trial in which a change is made ``steps`` before the failure."""
        return with_change(self.trial, change, max(round(self.moment / self.dt) - steps, 0) * self.dt)


def _trial(recording: Recording, task: BatchTask) -> Trial:
    lasting = recording.result.status in (Status.STUCK, Status.TIMEOUT)
    return Trial(
        scenario=task.scenario,
        seed=task.seed,
        agent=task.agent,
        overrides=task.overrides,
        label=task.label,
        config_hash=task.config_hash,
        privileged=task.privileged,
        uses_camera=task.uses_camera,
        world=task.world,
        change=None,
        start=0.0,
        until=float("inf") if lasting else recording.moment + MARGIN,
        recorded=recording.accelerations,
    )


def _try_all(timeline: _Timeline, changes: Sequence[Change], failed: EpisodeResult) -> Search[list[Finding]]:
    """Make each change at the earliest instant."""
    results = yield [timeline.at(change, timeline.steps) for change in changes]
    return [
        Finding(change, averts(result), no_effect=ends_alike(result, failed))
        for change, result in zip(changes, results, strict=True)
    ]


def _try_sets(
    timeline: _Timeline, singles: Sequence[Finding], failed: EpisodeResult
) -> Search[list[Finding]]:
    """Pairs of stages, or the smallest set that was found, where no stage alone averts.

    The oracle of the tracker reads the truth, not what detector and lifter say. Where it averts and neither
    of these alone does, both together are tried: if they avert, too, the tracker itself is not at fault.
    """
    alone = {f.change.stages[0]: f.averts for f in singles if isinstance(f.change, StagesReplaced)}
    if any(alone.values()):
        doubt = alone.get("tracker") and not (alone.get("detector", True) or alone.get("lifter", True))
        pairs = [StagesReplaced(("detector", "lifter"))] if doubt else []
        return (yield from _try_all(timeline, pairs, failed)) if pairs else []
    if len(alone) < 2:
        return []
    (together,) = yield from _try_all(timeline, [StagesReplaced(tuple(alone))], failed)
    if not together.averts or len(alone) == 2:
        return [together]
    pairs = [StagesReplaced(pair) for pair in combinations(alone, 2)]
    found = [pair for pair in (yield from _try_all(timeline, pairs, failed)) if pair.averts]
    if found:
        return found[:MAX_PAIRS]
    smallest = together
    for stage in alone:
        rest = StagesReplaced(tuple(other for other in _stages(smallest) if other != stage))
        (finding,) = yield from _try_all(timeline, [rest], failed)
        smallest = finding if finding.averts else smallest
    return [smallest]


def _stages(finding: Finding) -> tuple[str, ...]:
    return finding.change.stages if isinstance(finding.change, StagesReplaced) else ()


def _latest(timeline: _Timeline, findings: Sequence[Finding]) -> Search[list[Finding]]:
    """Bisect over the instant of each change that averts: a later one does not avert, as far as was tried."""
    averting = {row: timeline.steps for row, finding in enumerate(findings) if _has_latest(finding)}
    failing = dict.fromkeys(averting, 0)
    while rows := [row for row in averting if averting[row] - failing[row] > 1]:
        middle = {row: (averting[row] + failing[row]) // 2 for row in rows}
        results = yield [timeline.at(findings[row].change, middle[row]) for row in rows]
        for row, result in zip(rows, results, strict=True):
            (averting if averts(result) else failing)[row] = middle[row]
    return [
        Finding(finding.change, finding.averts, averting[row] * timeline.dt, finding.no_effect)
        if row in averting
        else finding
        for row, finding in enumerate(findings)
    ]


def _has_latest(finding: Finding) -> bool:
    """Whether the latest instant of a change says something: not if something else would have been there."""
    change = finding.change
    removes = isinstance(change, SceneChanged) and change.change is SceneChange.REMOVED
    return finding.averts and not removes and not isinstance(change, BrakesEarlier)
