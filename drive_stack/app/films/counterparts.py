"""Films, for a few failures, what another driver did on the same course at the same time."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from drive_stack.evaluation.batch.drive import AgentBuilder, drive_task
from drive_stack.evaluation.batch.repeated import difference
from drive_stack.evaluation.batch.tasks import BatchTask, Key
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.report.clips.counterpart import CounterpartFilm, CounterpartRecorder, FilmedPair
from drive_stack.report.gallery import CLIPS
from drive_stack.report.pairs import MAX_PAIRS, DrivePair, choose_pairs
from drive_stack.report.runs import Runs
from drive_stack.support.worker_processes import run_in_processes


@dataclass(frozen=True, slots=True)
class _Filming:
    """A pair whose other drive is to be filmed, and the task that repeats this drive."""

    pair: FilmedPair
    task: BatchTask


def film_counterparts(
    runs: Runs, folder: Path, tasks: Mapping[Key, BatchTask], build: AgentBuilder, workers: int
) -> None:
    """Film the other drivers of the first pairs that have no film yet, into the clips of ``folder``.

    The drives are repeated, in processes like those that drove the rows. A film whose drive differs from its
    row, for example because the code has changed since, is removed again.

    Raises:
        ConfigError: a film cannot be written.
    """
    clips = folder.resolve() / CLIPS
    missing = [
        pair
        for pair in choose_pairs(runs)[:MAX_PAIRS]
        if pair.other.row.key in tasks and not CounterpartFilm.of(clips, pair.filmed).shows(pair.filmed)
    ]
    if not missing:
        return
    print(f"filming other drivers next to failures: {len(missing)}", file=sys.stderr)
    filmings = [_Filming(pair.filmed, _with_camera(tasks[pair.other.row.key])) for pair in missing]
    results = run_in_processes(partial(_film, build, clips), filmings, min(workers, len(filmings)))
    for pair, result in zip(missing, results, strict=True):
        _check(pair, result, clips)


def _with_camera(task: BatchTask) -> BatchTask:
    """The task with camera images, which do not change the drive of a driver that does not use them."""
    return replace(task, uses_camera=True)


def _film(build: AgentBuilder, clips: Path, filming: _Filming) -> EpisodeResult:
    return drive_task(build, filming.task, observer=partial(CounterpartRecorder, clips, filming.pair))


def _check(pair: DrivePair, result: EpisodeResult, clips: Path) -> None:
    """Remove the film of a drive that differs from its row."""
    changed = difference(pair.other.row.result, result)
    if changed is None:
        return
    film = CounterpartFilm.of(clips, pair.filmed)
    for path in (film.record, film.video):
        path.unlink(missing_ok=True)
    name = f"{pair.filmed.other} on {pair.filmed.scenario}, seed {pair.filmed.seed}"
    print(f"note: no film of {name}, because the drive now differs: {changed}", file=sys.stderr)
