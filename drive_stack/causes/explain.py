"""Explains failures of a run: repeats each drive, checks that it is the recorded one, searches causes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from drive_stack.causes.candidates import candidates
from drive_stack.causes.explanation import Explanation, cause_of, sentence_of, tried_of
from drive_stack.causes.recording import Recording, record
from drive_stack.causes.search import Findings, Search, search
from drive_stack.causes.trials import Trial, drive_trial
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.batch.fingerprint import AgentFacts
from drive_stack.evaluation.batch.repeated import difference
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult

DriveAll: TypeAlias = Callable[[Sequence[Trial]], Sequence[EpisodeResult]]  # in the order of the trials
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Case:
    """A failure to explain."""

    task: BatchTask
    result: EpisodeResult  # as it was recorded
    facts: AgentFacts


@dataclass(frozen=True, slots=True)
class Options:
    """How failures are explained."""

    before: float  # how long before the failure changes are made at the earliest [s]
    code_hash: str  # of the present source code


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A failure whose drive does not repeat, with the reason."""

    case: Case
    reason: str


def explain(
    build: AgentBuilder, case: Case, options: Options, drive_all: DriveAll | None = None
) -> Explanation:
    """Explain one failure.

    Args:
        build: Builds agents.
        case: The failure.
        options: How it is explained.
        drive_all: Drives trials; None: one after another in this process.

    Raises:
        ConfigError: The drive does not repeat as it was recorded, or its agent cannot be built.
    """
    recording = record(build, case.task)
    changed = difference(case.result, recording.result)
    if changed is not None:
        raise ConfigError(f"the drive does not repeat as it was recorded: {changed}")
    changes = candidates(recording, case.facts)
    drive_all = drive_all or (lambda trials: [drive_trial(build, trial) for trial in trials])
    findings = run_search(search(recording, case.task, changes, options.before), drive_all)
    return _explanation(case, recording, findings, options)


def explain_or_reason(build: AgentBuilder, options: Options, case: Case) -> Explanation | Unexplained:
    """`explain` for worker processes, which receive a ``functools.partial`` of it with build and options."""
    try:
        return explain(build, case, options)
    except ConfigError as error:
        return Unexplained(case, str(error))


def run_search(steps: Search[T], drive_all: DriveAll) -> T:
    """Drive the trials of a search until it has its result."""
    try:
        trials = next(steps)
        while True:
            trials = steps.send(drive_all(trials))
    except StopIteration as stop:
        found: T = stop.value
        return found


def _explanation(case: Case, recording: Recording, findings: Findings, options: Options) -> Explanation:
    task = case.task
    return Explanation(
        label=task.label,
        scenario=task.scenario,
        seed=task.seed,
        config_hash=task.config_hash,
        code_hash=options.code_hash,
        time_s=round(recording.moment, 3),
        earliest_s=round(findings.earliest, 3),
        cause=cause_of(findings, recording),
        sentence=sentence_of(findings, recording),
        tried=tried_of(findings, recording),
    )
