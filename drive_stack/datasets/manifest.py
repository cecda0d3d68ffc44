"""The manifest of a folder: its shards with their hashes, and how they were recorded."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from drive_stack.config import StrictModel, first_problem, read_error
from drive_stack.datasets.checks import check_content
from drive_stack.datasets.shards import MAX_ROWS, Row, ShardFormat
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.runtime.weights import sha256_of
from drive_stack.support.atomic_files import write_atomically
from drive_stack.support.file_reading import read_json

NAME = "manifest.json"
MAX_BYTES = 100_000_000  # an episode takes about 250 bytes, and several commands may record into one folder
FILE = r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]*\.parquet$"  # neither a folder nor a hidden file


class ShardEntry(StrictModel):
    """The shard of one episode."""

    file: Annotated[str, Field(pattern=FILE)]  # in the manifest's own folder
    scenario: str
    seed: int
    rows: Annotated[int, Field(ge=1, le=MAX_ROWS)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(StrictModel):
    """All shards of a folder."""

    version: int  # of the shards' columns when it was written; older shards keep their own
    made_with: str  # the settings that all shards share, as JSON
    shards: tuple[ShardEntry, ...]

    @property
    def hash(self) -> str:
        """SHA-256 of all shards' hashes, in order."""
        return hashlib.sha256("".join(shard.sha256 for shard in self.shards).encode()).hexdigest()


def shard_entry(shards: ShardFormat[Row], path: Path, scenario: str, seed: int) -> ShardEntry:
    """The manifest's entry for an existing shard. Raises `ConfigError` as `ShardFormat.open` does."""
    rows = shards.open(path).metadata.num_rows
    return ShardEntry(file=path.name, scenario=scenario, seed=seed, rows=rows, sha256=sha256_of(path))


def check_entry(shards: ShardFormat[Row], folder: Path, entry: ShardEntry) -> None:
    """Raise `ConfigError` if the shard is missing, differs from its entry, or contains invalid values."""
    path = folder / entry.file
    if shards.open(path).metadata.num_rows != entry.rows or sha256_of(path) != entry.sha256:
        raise ConfigError(f"{path}: not what the manifest says; {shards.remedy}")
    check_content(shards, path, entry.scenario, entry.seed)


def check_all(shards: ShardFormat[Row], folder: Path, manifest: Manifest) -> None:
    """Raise `ConfigError` if a shard is listed twice or fails `check_entry`."""
    for file, count in Counter(shard.file for shard in manifest.shards).items():
        if count > 1:
            raise ConfigError(f"{folder / NAME}: lists {file} {count} times; {shards.remedy}")
    for entry in manifest.shards:
        check_entry(shards, folder, entry)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of a folder in one step."""
    write_atomically(folder / NAME, manifest.model_dump_json(indent=1) + "\n")


def read_manifest(shards: ShardFormat[Row], folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises:
        ConfigError: If there is no manifest, it cannot be read, or it is of a version that is not read.
    """
    path = folder / NAME
    try:
        content = read_json(path, MAX_BYTES)
    except FileNotFoundError:
        raise ConfigError(
            f"{folder}: holds no {shards.name}s ({NAME}); make some with: {shards.how_to_record}"
        ) from None
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    if isinstance(content, dict) and not shards.reads_version(content.get("version")):
        found = shortened(str(content.get("version")))
        raise ConfigError(
            f"{path}: schema version {found}, but this program reads {shards.version}; collect again"
        )
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from None
