"""Trains what is asked for: each network once, and then the row of each training of an arm."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from pydantic import TypeAdapter

from drive_stack.config import load_json
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.seeds import SeedSplit
from drive_stack.study.config import StudyPlan
from drive_stack.study.records import FULL_MIXTURE, TrainingId, TrainingRow
from drive_stack.study.subsets import PoolEpisode, Subset, draw_subset
from drive_stack.study_runner.decision_time import measure_decision_ms
from drive_stack.study_runner.folder import StudyFolder
from drive_stack.study_runner.network_units import (
    NetworkRecord,
    NetworkTask,
    finished_record,
    hash_of,
    read_record,
    train_in_worker,
)
from drive_stack.study_runner.networks.protocol import Labels, NetworkData, NetworkTraining, OfflineErrors
from drive_stack.study_runner.networks.registry import KINDS, find_arm, with_inputs
from drive_stack.study_runner.pool import EpisodePool, differing_episodes
from drive_stack.study_runner.progress import WorkProgress
from drive_stack.support.atomic_files import make_folder, write_atomically
from drive_stack.support.worker_processes import ONE_THREAD, run_in_processes

_ROW = TypeAdapter(TrainingRow)


@dataclass(frozen=True, slots=True)
class TrainingWork:
    """What the trainings of a study need."""

    plan: StudyPlan
    folder: StudyFolder
    pool: EpisodePool
    networks: Mapping[str, NetworkTraining]
    build_agent: AgentBuilder
    timed_scenario: str  # on which decisions are timed
    workers: int
    report: Callable[[str], None] = print

    def subset(self, training: TrainingId) -> Subset:
        """The episodes of a training. Raises `ConfigError` if the pool is too small."""
        parts = self.plan.provenance.mixtures[training.mixture].parts
        return draw_subset(self.pool.episodes, training.size, training.seed, parts)

    def train(self, trainings: Sequence[TrainingId]) -> None:
        """Write the rows that are missing, and first train the networks that these need.

        A training with a row needs no networks: they may have been deleted.

        Raises:
            ConfigError: an arm or a subset cannot be trained, a training fails, or a row was made with other
                settings.
        """
        for training in trainings:
            self._check_settings(training)
        unfinished = [training for training in trainings if not self.folder.training(training).exists()]
        tasks = {
            (name, _shared(training)): self.task(name, training)
            for training in unfinished
            for name in with_inputs(find_arm(training.arm).networks)
        }
        missing = [key for key, task in tasks.items() if read_record(task) is None]
        if missing:
            self._train_networks([tasks[key] for key in missing], [key[1].size for key in missing])
        finishing = [self._finish_task(training, tasks) for training in unfinished]
        progress = WorkProgress("trainings measured", [1] * len(unfinished), self.workers, self.report)
        for row in run_in_processes(
            finish_training, finishing, self.workers, in_order=False, environment=ONE_THREAD
        ):
            write_training_row(self.folder, row)
            progress.add(str(row.id), 1, 0.0)

    def episodes(self, trainings: Sequence[TrainingId]) -> frozenset[PoolEpisode]:
        """The episodes whose recordings are needed for the rows that are missing."""
        needed = [
            self.subset(training).episodes
            for training in trainings
            if not self.folder.training(training).exists()
        ]
        return frozenset(chain(*needed, self.pool.held_out if needed else ()))

    def missing_networks(self, trainings: Sequence[TrainingId]) -> tuple[str, ...]:
        """The networks that trainings without a row need and that are not trained yet, by name.

        A name is listed once for each mixture.
        """
        tasks = {
            (name, _shared(training)): self.task(name, training)
            for training in trainings
            if not self.folder.training(training).exists()
            for name in with_inputs(find_arm(training.arm).networks)
        }
        return tuple(name for (name, _), task in tasks.items() if read_record(task) is None)

    def _check_settings(self, training: TrainingId) -> None:
        path = self.folder.training(training)
        names = with_inputs(find_arm(training.arm).networks)
        if not path.exists() or not self.networks.keys() >= set(names):
            return
        settings = (hash_of(self.networks[name].settings) for name in names)
        if read_training_row(path).config_hash != _config_hash(settings):
            raise ConfigError(
                f"{path}: was trained with other settings; restore them, or use another --work and --tables"
            )

    def _train_networks(self, tasks: Sequence[NetworkTask], sizes: Sequence[int]) -> None:
        """Train networks, those without inputs first."""
        progress = WorkProgress("networks trained", sizes, self.workers, self.report)
        depth = [len(with_inputs(KINDS[task.network].needs)) for task in tasks]
        for level in sorted(set(depth)):
            chosen = [
                (task, size) for task, size, own in zip(tasks, sizes, depth, strict=True) if own == level
            ]
            for task, size, seconds in run_in_processes(
                _train_timed, chosen, self.workers, in_order=False, environment=ONE_THREAD
            ):
                progress.add(task.title, size, seconds)

    def task(self, name: str, training: TrainingId) -> NetworkTask:
        """The training of a network for an arm. Raises `ConfigError` if the plan has no rule for it."""
        if name not in self.networks:
            raise ConfigError(f"networks: the plan has no rule for '{name}', which {training.arm} needs")
        subset = self.subset(training)
        mixture = "" if training.mixture == FULL_MIXTURE else f" of {training.mixture}"
        return NetworkTask(
            title=f"{name}, {training.size:,} rows{mixture}, seed {training.seed}",
            network=name,
            training=self.networks[name],
            data=self.data(subset),
            seed=training.seed,
            folder=self.folder.network(name, training),
            inputs=self.folder.inputs(KINDS[name].needs, training),
        )

    def _finish_task(
        self, training: TrainingId, tasks: Mapping[tuple[str, TrainingId], NetworkTask]
    ) -> FinishTask:
        subset, names = self.subset(training), with_inputs(find_arm(training.arm).networks)
        return FinishTask(
            training,
            subset.rows,
            len(subset.episodes),
            len(differing_episodes(self.folder, self.pool, subset.episodes + self.pool.held_out)),
            {name: tasks[name, _shared(training)] for name in names},
            self.build_agent,
            self.timed_scenario,
        )

    def data(self, subset: Subset) -> NetworkData:
        """The files of a subset's episodes, and of those on which all networks are measured."""
        return NetworkData(
            learned=self.folder.files_of(subset.learned),
            held_out=self.folder.files_of(subset.held_out),
            measured=self.folder.files_of(self.pool.held_out),
            cache=self.folder.cache,
        )


def write_training_row(folder: StudyFolder, row: TrainingRow) -> None:
    """Write the row of a finished training. Raises `ConfigError` if the file cannot be written."""
    path = folder.training(row.id)
    make_folder(path.parent)
    write_atomically(path, _ROW.dump_json(row, indent=1).decode() + "\n")


def read_training_row(path: Path) -> TrainingRow:
    """Read the row of a finished training. Raises `ConfigError` if it is missing or cannot be read."""
    return load_json(path, _ROW)


def finished_trainings(folder: StudyFolder, trainings: Iterable[TrainingId]) -> list[TrainingRow]:
    """The rows of those trainings that are finished."""
    paths = [folder.training(training) for training in trainings]
    return [read_training_row(path) for path in paths if path.exists()]


def _shared(training: TrainingId) -> TrainingId:
    """The same for all arms."""
    return replace(training, arm="")


def _train_timed(item: tuple[NetworkTask, int]) -> tuple[NetworkTask, int, float]:
    """Train in a worker process; returns the task, its size and the wall-clock time [s]."""
    task, size = item
    start = time.perf_counter()
    train_in_worker(task)
    return task, size, time.perf_counter() - start


@dataclass(frozen=True, slots=True)
class FinishTask:
    """A training whose networks are all trained. It is pickled for worker processes."""

    training: TrainingId
    rows: int
    episodes: int
    differing_episodes: int
    networks: Mapping[str, NetworkTask]
    build_agent: AgentBuilder
    timed_scenario: str


def finish_training(task: FinishTask) -> TrainingRow:
    """The row of a training; its decisions are timed in this process."""
    training, arm = task.training, find_arm(task.training.arm)
    records = {name: finished_record(network) for name, network in task.networks.items()}
    folders = {name: network.folder for name, network in task.networks.items()}
    seed = SeedSplit.TRAINING.first
    failed = any(record.failed for record in records.values())
    decision_ms = 0.0
    if not failed:
        decision_ms = measure_decision_ms(task.build_agent, arm.driver(folders), task.timed_scenario, seed)
    labels = sum((record.labels for record in records.values()), Labels())
    errors = OfflineErrors()
    for record in records.values():
        errors |= record.errors
    return TrainingRow(
        arm=training.arm,
        mixture=training.mixture,
        size=training.size,
        seed=training.seed,
        rows=task.rows,
        episodes=task.episodes,
        boxes=labels.boxes,
        lane_frames=labels.lane_frames,
        distances=labels.distances,
        controls=labels.controls,
        core_hours=sum(record.core_seconds for record in records.values()) / 3600.0,
        decision_ms=decision_ms,
        detector_ap50=errors.detector_ap50,
        lane_error_m=errors.lane_error_m,
        acceleration_error=errors.acceleration_error,
        lateral_error=errors.lateral_error,
        weights_sha256=_hash_of_files(task.networks, records),
        config_hash=_config_hash(record.settings_sha256 for record in records.values()),
        code_hash=next(iter(records.values())).code_hash,
        date=max(record.date for record in records.values()),
        failed=failed,
        differing_episodes=task.differing_episodes,
        machine="; ".join(dict.fromkeys(filter(None, (record.machine for record in records.values())))),
    )


def _hash_of_files(tasks: Mapping[str, NetworkTask], records: Mapping[str, NetworkRecord]) -> str:
    """SHA-256 of the files of all networks, concatenated in the order of the networks' names."""
    digest = hashlib.sha256()
    for name in sorted(tasks):
        for file in records[name].files:
            digest.update((tasks[name].folder / file).read_bytes())
    return digest.hexdigest()


def _config_hash(settings: Iterable[str]) -> str:
    """Hash of the hashes of the settings of all networks, in the order of `with_inputs`."""
    return hash_of("".join(settings))[:16]
