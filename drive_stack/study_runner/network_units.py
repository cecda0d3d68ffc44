"""One training of one network: the unit of work that is done once, whichever arms use it."""

from __future__ import annotations

import datetime
import hashlib
import math
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from drive_stack.config import StrictModel, first_problem, read_error
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.fingerprint import source_hash
from drive_stack.learning.training.devices import describe_training_machine
from drive_stack.learning.training.early_stopping import NonFiniteLossError
from drive_stack.runtime.weights import sha256_of
from drive_stack.study_runner.core_clock import CoreClock
from drive_stack.study_runner.networks.protocol import Labels, NetworkData, NetworkTraining, OfflineErrors
from drive_stack.support.atomic_files import make_folder, write_atomically
from drive_stack.support.file_reading import read_json
from drive_stack.support.layout import PACKAGE

RECORD, LOG, CLOCK = "network.json", "log.txt", "core_seconds.json"
ORIGIN = "origin.txt"  # hashes of what a training that is not finished is made of
_SOURCES = tuple(PACKAGE / name for name in ("datasets", "learning", "study_runner"))


class NetworkRecord(StrictModel):
    """A finished training of a network."""

    network: str
    settings_sha256: str  # of everything but data and seed that determines it
    episodes_sha256: str  # of the names of the episodes that it learned from
    labels: Labels
    errors: OfflineErrors
    core_seconds: Annotated[float, Field(ge=0.0)]
    files: dict[str, str]  # name → SHA-256; empty if the training failed
    code_hash: str  # of the sources that trained it
    date: str
    machine: str = ""  # on which it was finished, see `describe_training_machine`; empty in older records
    failed: bool  # its errors, or those of a network below it, were not finite


@dataclass(frozen=True, slots=True)
class NetworkTask:
    """A training to do. It is pickled for worker processes."""

    title: str  # in messages
    network: str
    training: NetworkTraining
    data: NetworkData
    seed: int
    folder: Path
    inputs: Mapping[str, Path]  # folders of the networks that it is trained on top of

    @property
    def settings_sha256(self) -> str:
        """Hash of everything but data and seed that determines the result."""
        return hash_of(self.training.settings)

    @property
    def episodes_sha256(self) -> str:
        """Hash of the names of the episodes that are learned from."""
        return hash_of("\n".join(path.name for path in self.data.learned.drives))

    @property
    def origin(self) -> str:
        """Both hashes."""
        return f"{self.settings_sha256} {self.episodes_sha256}"


def read_record(task: NetworkTask) -> NetworkRecord | None:
    """The record of a training; None if it is not finished.

    Raises:
        ConfigError: the record cannot be read, or was made with other settings or from other episodes.
    """
    path = task.folder / RECORD
    try:
        record = NetworkRecord.model_validate(read_json(path))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from None
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    _check_origin(task, f"{record.settings_sha256} {record.episodes_sha256}")
    return record


def finished_record(task: NetworkTask) -> NetworkRecord:
    """The record of a training. Raises `ConfigError` as `read_record` does, and if it is not finished."""
    record = read_record(task)
    if record is None:
        raise ConfigError(f"{task.title}: is not trained; {task.folder} would hold it; run: study train")
    return record


def _check_origin(task: NetworkTask, origin: str) -> None:
    """Raise `ConfigError` if a training was begun with other settings or from other episodes."""
    if origin != task.origin:
        raise ConfigError(
            f"{task.folder}: was trained with other settings or from other episodes; remove it, or use "
            "another --work"
        )


def train_network(task: NetworkTask) -> NetworkRecord:
    """Train a network, or go on with a training that was killed, and write its record.

    Raises:
        ConfigError: the data cannot be used, or the training was begun with other settings or from other
            episodes.
    """
    make_folder(task.folder)
    origin = task.folder / ORIGIN
    if origin.exists():
        _check_origin(task, origin.read_text(encoding="utf-8"))
    write_atomically(origin, task.origin)
    clock, log, saved = CoreClock(task.folder / CLOCK), task.folder / LOG, _Checkpoints(task.folder)

    def report(line: str) -> None:
        with log.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        if saved.has_changed():
            clock.save()

    task = replace(task, data=replace(task.data, uncharged=clock.paused))
    errors = None if any(map(_has_failed, task.inputs.values())) else _fit(task, report)
    clock.save()
    files = () if errors is None else task.training.files
    record = NetworkRecord(
        network=task.network,
        settings_sha256=task.settings_sha256,
        episodes_sha256=task.episodes_sha256,
        labels=task.training.count_labels(task.data.learned + task.data.held_out),
        errors=errors or OfflineErrors(),
        core_seconds=clock.seconds,
        files={name: sha256_of(task.folder / name) for name in files},
        code_hash=source_hash(_SOURCES),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        machine=describe_training_machine(),
        failed=errors is None,
    )
    write_atomically(task.folder / RECORD, record.model_dump_json(indent=1) + "\n")
    return record


class _Checkpoints:
    """The checkpoints in a folder, by the times at which they were written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = self._times()

    def has_changed(self) -> bool:
        """Whether one was written since the last call."""
        before, self._seen = self._seen, self._times()
        return self._seen != before

    def _times(self) -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in self._folder.glob("*checkpoint*")}


def train_in_worker(task: NetworkTask) -> NetworkRecord:
    """Train in a worker process, whose output goes to the log: only the parent writes to terminals."""
    make_folder(task.folder)
    sys.stdout.flush()
    with (task.folder / LOG).open("ab") as log:
        for descriptor in (1, 2):
            os.dup2(log.fileno(), descriptor)
    return train_network(task)


def _has_failed(folder: Path) -> bool:
    """Whether the finished training in a folder failed."""
    return NetworkRecord.model_validate(read_json(folder / RECORD)).failed


def _fit(task: NetworkTask, report: Callable[[str], None]) -> OfflineErrors | None:
    """Train; None if a loss or an error is not finite, which is the same with the same seed again."""
    try:
        errors = task.training.fit(task.data, task.seed, task.folder, task.inputs, report)
    except NonFiniteLossError as error:
        report(f"failed: {error}")
        return None
    if all(value is None or math.isfinite(value) for value in astuple(errors)):
        return errors
    report("failed: its errors are not finite")
    return None


def hash_of(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
