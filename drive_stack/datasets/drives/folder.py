"""A folder of recorded drives: its manifest, and which shards are valid, missing or corrupt."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from drive_stack.datasets.checks import check_content
from drive_stack.datasets.drives.recording_task import CollectSettings
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.drives.shard_paths import former_paths, shard_path
from drive_stack.datasets.manifest import (
    NAME,
    Manifest,
    ShardEntry,
    check_entry,
    read_manifest,
    shard_entry,
    write_manifest,
)
from drive_stack.datasets.shards import SUFFIX
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import BatchTask, Key
from drive_stack.evaluation.episodes import Episode
from drive_stack.evaluation.result import Status
from drive_stack.scenario_name import file_stem
from drive_stack.support.atomic_files import check_replaceable, is_regular, remove_parts

CORRUPT = ".corrupt"  # suffix of a file that was renamed so that its episode can be recorded again


class RecordingFolder:
    """The shards and the manifest of a folder whose row file is open in this process, see `open_rows`.

    A row counts as recorded only if the manifest lists its shard and the shard has the listed hash. A shard
    that the manifest does not list yet, because the previous run was killed, is checked and listed. A listed
    shard that is missing or has changed remains listed until it is recorded again; readers reject it.
    """

    def __init__(self, path: Path, settings: CollectSettings, rows: Mapping[Key, Row]) -> None:
        """Raises `ConfigError` if the folder contains recordings that were made with other settings."""
        self.path = path
        self._settings = settings
        listed = read_entries(path, settings)
        self._current: dict[str, Key] = {}  # file → the last row of its episode
        self._valid: dict[str, ShardEntry] = {}
        self._corrupt: dict[str, tuple[ShardEntry, str]] = {}
        for row in rows.values():
            self._current[self._file(row)] = row.key
        self.renamed = _renamed(path, rows.values(), {entry.file for entry in listed})
        for entry in listed:
            if entry.file not in self.renamed:
                self._check(entry)
        remove_parts(path, SUFFIX)

    @property
    def manifest(self) -> Manifest:
        """All episodes with a valid or a corrupt shard, ordered by scenario and seed."""
        entries = self._valid | {file: entry for file, (entry, _) in self._corrupt.items()}
        ordered = sorted(entries.values(), key=lambda entry: (entry.scenario, entry.seed, entry.file))
        return Manifest(
            version=DRIVES.version, made_with=self._settings.model_dump_json(), shards=tuple(ordered)
        )

    @property
    def corrupt(self) -> list[str]:
        """One line for each listed shard that is missing or differs from its entry in the manifest."""
        return [reason for _, reason in self._corrupt.values()]

    def is_complete(self, row: Row) -> bool:
        """Whether a row's shard is valid; a failed episode needs no shard."""
        file = self._file(row)
        if self._current.get(file) != row.key:
            return False  # a later row of the same episode replaced this row's shard
        return row.result.status is Status.ERROR or file in self._valid

    def adopt(self, tasks: Iterable[BatchTask], rows: Mapping[Key, Row]) -> None:
        """Add the shards of ``tasks`` that a killed run wrote, but did not list, to the manifest."""
        for row in (rows[task.key] for task in tasks if task.key in rows):
            file = self._file(row)
            listed = file in self._valid or file in self._corrupt
            if listed or row.result.status is Status.ERROR or self._current[file] != row.key:
                continue
            if is_regular(self.path / file) and self._problem(row.result.scenario, row.result.seed) is None:
                self._list(row)

    def add(self, row: Row) -> None:
        """Add the shard that was recorded with ``row`` to the manifest, and write the manifest."""
        file = self._file(row)
        self._current[file] = row.key
        if row.result.status is not Status.ERROR:
            self._corrupt.pop(file, None)
            self._list(row)
            self.write()

    def write(self) -> None:
        """Replace the manifest."""
        write_manifest(self.path, self.manifest)

    def prepare_paths(self, tasks: Sequence[BatchTask], *, repair: bool) -> list[Path]:
        """Make sure that the shards of ``tasks`` can be written; returns the new paths of moved files.

        A file that is no valid shard of its episode is renamed if ``repair`` is true.

        Raises:
            ConfigError: For such a file if ``repair`` is false; always if a path is read-only or no regular
                file.
        """
        moved = []
        for task in tasks:
            path = shard_path(self.path, task.scenario, task.seed)
            check_replaceable(path)
            problem = self._problem(task.scenario, task.seed) if path.exists() else None
            if problem is None:
                continue
            if not repair:
                raise ConfigError(problem if DRIVES.remedy in problem else f"{problem}; {DRIVES.remedy}")
            target = _unused_name(path)
            path.rename(target)
            moved.append(target)
        return moved

    def episodes(self, rows: Iterable[Row], catalogue: Iterable[str]) -> list[Episode]:
        """All episodes recorded so far: those of ``rows``, and listed ones of scenarios in ``catalogue``."""
        episodes = {Episode(row.result.scenario, row.result.seed) for row in rows}
        names = set(catalogue)
        for entry in self.manifest.shards:
            if (
                entry.scenario in names
                and shard_path(self.path, entry.scenario, entry.seed).name == entry.file
            ):
                episodes.add(Episode(entry.scenario, entry.seed))
        return sorted(episodes)

    def _file(self, row: Row) -> str:
        return shard_path(self.path, row.result.scenario, row.result.seed).name

    def _check(self, entry: ShardEntry) -> None:
        try:
            check_entry(DRIVES, self.path, entry)
        except ConfigError as error:
            self._corrupt.setdefault(entry.file, (entry, str(error)))
        else:
            self._valid[entry.file] = entry

    def _problem(self, scenario: str, seed: int) -> str | None:
        """What is wrong with the file at an episode's path; None for a valid shard."""
        try:
            check_content(DRIVES, shard_path(self.path, scenario, seed), file_stem(scenario), seed)
        except ConfigError as error:
            return str(error)
        return None

    def _list(self, row: Row) -> None:
        scenario, seed = row.result.scenario, row.result.seed
        entry = shard_entry(DRIVES, shard_path(self.path, scenario, seed), file_stem(scenario), seed)
        self._valid[entry.file] = entry


def read_settings(folder: Path) -> CollectSettings:
    """The settings of a folder's recordings, from its manifest. Raises `ConfigError` if it cannot be read."""
    made_with = read_manifest(DRIVES, folder).made_with
    try:
        return CollectSettings.model_validate_json(made_with)
    except ValidationError:
        raise ConfigError(f"{folder / NAME}: made_with: not settings of this program") from None


def read_entries(folder: Path, settings: CollectSettings) -> tuple[ShardEntry, ...]:
    """The entries of the manifest; empty if there is no manifest.

    Raises `ConfigError` if the folder contains recordings that were made with other settings.
    """
    if not os.path.lexists(folder / NAME):
        return ()
    manifest = read_manifest(DRIVES, folder)
    if manifest.made_with != settings.model_dump_json():
        found = shortened(manifest.made_with, 500)
        raise ConfigError(
            f"{folder}: holds recordings made with other settings ({found}); use another folder"
        )
    return manifest.shards


def _renamed(folder: Path, rows: Iterable[Row], listed: Collection[str]) -> frozenset[str]:
    """Listed files with names of older versions, see `former_paths`."""
    renamed: set[str] = set()
    for row in rows:
        episode = row.result.scenario, row.result.seed
        file = shard_path(folder, *episode).name
        former = {path.name for path in former_paths(folder, *episode)} - {file}
        if file not in listed:
            renamed |= former & set(listed)
    return frozenset(renamed)


def _unused_name(path: Path) -> Path:
    names = (path.with_name(f"{path.name}{CORRUPT}{number or ''}") for number in itertools.count())
    return next(name for name in names if not os.path.lexists(name))
