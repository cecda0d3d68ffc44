"""Record the drives of many episodes into one folder, and repair such a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from drive_stack.agent_spec import grants, is_file, runs_code
from drive_stack.datasets.drives.folder import RecordingFolder, read_settings
from drive_stack.datasets.drives.labelled_frames import FrameLabelling
from drive_stack.datasets.drives.recording_task import EXPERT, CollectSettings, make_recorder, record_task
from drive_stack.datasets.drives.shard_paths import shard_path
from drive_stack.datasets.held_out import check_scenarios
from drive_stack.datasets.manifest import Manifest
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.evaluation.batch.driving import DrivingOptions, drive_missing
from drive_stack.evaluation.batch.fingerprint import fingerprint, source_hash
from drive_stack.evaluation.batch.pace import announce
from drive_stack.evaluation.batch.row_file import RowFile, open_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.run import missing_tasks
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.episodes import Episode
from drive_stack.evaluation.result import Status
from drive_stack.evaluation.run_facts import NAME as RUN_FACTS
from drive_stack.evaluation.suite import load_suite
from drive_stack.seeds import SeedSplit, check_episodes, seed_range
from drive_stack.shifts import base_and_shift
from drive_stack.support.atomic_files import make_folder

TIME_LIMIT = 600.0  # wall-clock limit of one episode [s]


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """Which episodes to record into a folder, and who drives them."""

    out: Path
    scenarios: tuple[str, ...] | None = None  # names or files; None: the whole catalogue
    suite: str | None = None  # record the courses of this suite instead of ``scenarios``
    first_seed: int = 0
    seeds: int = 10  # for each scenario
    every: int = 2  # record every N-th step
    perturbed: bool = False  # push the car off its course at random times
    driver: str | None = None  # drives while the expert labels; None: the expert drives
    driver_overrides: tuple[str, ...] = ()
    expert_fraction: float = 0.0  # fraction of the time in which the expert drives instead of ``driver``
    frames: FrameLabelling | None = None  # also record labelled frames of the same drives
    only: frozenset[str] | None = None  # names of the shards to record; None: all of them
    workers: int = 2


@dataclass(frozen=True, slots=True)
class Collection:
    """Contents of a folder after recording."""

    manifest: Manifest
    failed: tuple[Row, ...]  # requested episodes that ended with an error
    corrupt: tuple[str, ...]  # a line for each listed shard that is missing or differs from the manifest
    unlisted: int  # files of several scenarios at once, which the manifest no longer lists


def collect(spec: CollectionSpec, wiring: BatchWiring, report: Callable[[str], None]) -> Collection:
    """Record the episodes of ``spec`` that the folder does not contain yet, and write the manifest.

    ``report`` receives messages for the user, one line each.

    Raises:
        ConfigError: For scenarios, seeds, a suite or a driver that cannot be used, and for a folder whose
            recordings were made with other settings.
    """
    settings = _settings(spec, wiring)
    episodes = _episodes(spec, wiring)
    with open_rows(spec.out, foreign=RUN_FACTS) as file:
        folder = RecordingFolder(spec.out, settings, file.rows)
        failed = _record(
            episodes, file, folder, settings, wiring, report, workers=spec.workers, labelling=spec.frames
        )
        if spec.frames is not None:
            spec.frames.list_frames(folder.manifest.shards)
    return _result(folder, failed)


def repair(
    out: Path, wiring: BatchWiring, report: Callable[[str], None], *, trusted: bool, workers: int
) -> Collection:
    """Record missing and corrupt episodes of a folder again, with the settings of its manifest.

    A corrupt file is renamed, not deleted.

    Raises:
        ConfigError: For a folder without recordings, and for a driver that has changed since. If ``trusted``
            is false, also for a driver that can run code: the folder may come from an unknown source.
    """
    settings = read_settings(out)
    _check_driver(out, settings, wiring, report, trusted=trusted)
    with open_rows(out, foreign=RUN_FACTS) as file:
        folder = RecordingFolder(out, settings, file.rows)
        episodes = folder.episodes(file.rows.values(), wiring.scenarios)
        failed = _record(episodes, file, folder, settings, wiring, report, workers=workers, replace=True)
    return _result(folder, failed)


def _record(
    episodes: Sequence[Episode],
    file: RowFile,
    folder: RecordingFolder,
    settings: CollectSettings,
    wiring: BatchWiring,
    report: Callable[[str], None],
    *,
    workers: int,
    replace: bool = False,
    labelling: FrameLabelling | None = None,
) -> list[Row]:
    """Record the episodes whose row, shard or frames are missing; returns the rows that report an error."""
    if labelling is not None:
        make_folder(labelling.folder)
    is_complete = partial(_is_complete, folder, labelling)
    tasks = [_task(episode.scenario, episode.seed, settings, wiring) for episode in episodes]
    folder.adopt(tasks, file.rows)
    remaining = missing_tasks(tasks, file, is_complete=is_complete)
    check_scenarios({task.scenario: task.seed for task in reversed(remaining)})
    again = sum(task.key in file.rows for task in remaining)
    if again:
        report(f"{again} episodes have a row and no whole shard; they are recorded again")
    for moved in folder.prepare_paths(remaining, repair=replace):
        report(f"moved to {moved}")
    folder.write()
    options = DrivingOptions(workers, time_limit=TIME_LIMIT)
    return drive_missing(
        tasks,
        file,
        partial(record_task, wiring.build_agent, settings, folder.path, labelling=labelling),
        options,
        code=source_hash(wiring.packages),
        current_hash=lambda task: _task(task.scenario, task.seed, settings, wiring).config_hash,
        is_complete=is_complete,
        on_row=folder.add,
        expected=announce(remaining, partial(make_recorder, wiring.build_agent, settings), options),
    )


def _is_complete(folder: RecordingFolder, labelling: FrameLabelling | None, row: Row) -> bool:
    """Whether a row has a valid shard, and frames if they are wanted; a failed episode needs neither."""
    if not folder.is_complete(row):
        return False
    frames = None if labelling is None else labelling.path(row.result.scenario, row.result.seed)
    return frames is None or row.result.status is Status.ERROR or frames.exists()


def _result(folder: RecordingFolder, failed: Sequence[Row]) -> Collection:
    return Collection(folder.manifest, tuple(failed), tuple(folder.corrupt), len(folder.renamed))


def _episodes(spec: CollectionSpec, wiring: BatchWiring) -> list[Episode]:
    """Every requested episode, all scenarios of one seed before the next seed."""
    scenarios: Sequence[str] = wiring.scenarios if spec.scenarios is None else spec.scenarios
    if spec.suite is not None:
        scenarios = load_suite(spec.suite).scenarios(wiring.scenarios, wiring.world_name)
    if shifted := [name for name in scenarios if base_and_shift(name)[1] is not None]:
        raise ConfigError(f"{shifted[0]}: shifted courses are for evaluation, not to learn from")
    check_episodes(len(scenarios), spec.seeds)
    if spec.first_seed + spec.seeds > SeedSplit.TEST.first:
        raise ConfigError(
            f"--first-seed {spec.first_seed}: seeds from {SeedSplit.TEST.first} on are for tests, "
            "not to learn from"
        )
    seeds = seed_range(spec.first_seed, spec.seeds)
    episodes = [Episode(scenario, seed) for seed in seeds for scenario in scenarios]
    if spec.only is None:
        return episodes
    return [item for item in episodes if shard_path(spec.out, item.scenario, item.seed).name in spec.only]


def _settings(spec: CollectionSpec, wiring: BatchWiring) -> CollectSettings:
    student = None if spec.driver == EXPERT else spec.driver
    facts = wiring.agent_facts(student, spec.driver_overrides) if student is not None else None
    return CollectSettings(
        student=student,
        student_overrides=spec.driver_overrides,
        student_hash=fingerprint(facts, "") if facts is not None else "",
        expert_fraction=spec.expert_fraction,
        perturbed=spec.perturbed,
        every=spec.every,
    )


def _check_driver(
    out: Path,
    settings: CollectSettings,
    wiring: BatchWiring,
    report: Callable[[str], None],
    *,
    trusted: bool,
) -> None:
    """Raise `ConfigError` where the driver that a folder names may not or cannot drive again."""
    if settings.student is None:
        return
    name = shortened(settings.student)
    risky = runs_code(settings.student) or bool(grants(settings.student_overrides))
    if risky and not trusted:
        raise ConfigError(
            f"{out}: its driver {name} can run code as it is loaded; if you know who made it, add --trust"
        )
    if risky or is_file(settings.student):
        report(f"note: loads the driver {name}, as the folder says")
    facts = wiring.agent_facts(settings.student, settings.student_overrides)
    if fingerprint(facts, "") != settings.student_hash:
        raise ConfigError(f"{out}: its driver {name} has changed since; record into another folder")


def _task(scenario: str, seed: int, settings: CollectSettings, wiring: BatchWiring) -> BatchTask:
    facts = wiring.agent_facts(EXPERT, ())
    content = wiring.scenario_facts(scenario).content + settings.model_dump_json()
    return BatchTask(
        scenario, seed, EXPERT, label=EXPERT, config_hash=fingerprint(facts, content), privileged=True
    )
