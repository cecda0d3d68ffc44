"""What a folder of recordings holds: the shards with their hashes, and how they were made."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from drive_stack.config import StrictModel, first_problem, read_error
from drive_stack.datasets.drives.checks import check_content
from drive_stack.datasets.drives.schema import VERSION
from drive_stack.datasets.drives.shard import MAX_ROWS, MEND, open_shard
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.runtime.weights import sha256_of
from drive_stack.support.atomic_files import write_whole
from drive_stack.support.file_reading import read_json

NAME = "manifest.json"
MAX_BYTES = 100_000_000  # an episode takes some 250, and a folder may hold all that several commands record
FILE = r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]*\.parquet$"  # no folder, nothing hidden


class ShardEntry(StrictModel):
    """One episode."""

    file: Annotated[str, Field(pattern=FILE)]  # in the manifest's own folder
    scenario: str
    seed: int
    rows: Annotated[int, Field(ge=1, le=MAX_ROWS)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(StrictModel):
    """All of a folder."""

    version: int
    made_with: str  # the settings that every shard shares, as JSON
    shards: tuple[ShardEntry, ...]

    @property
    def hash(self) -> str:
        """Of all shards' contents, in order."""
        return hashlib.sha256("".join(shard.sha256 for shard in self.shards).encode()).hexdigest()


def shard_entry(path: Path, scenario: str, seed: int) -> ShardEntry:
    """What the manifest says of a shard that lies there; raises as `open_shard`."""
    rows = open_shard(path).metadata.num_rows
    return ShardEntry(file=path.name, scenario=scenario, seed=seed, rows=rows, sha256=sha256_of(path))


def check_entry(folder: Path, entry: ShardEntry) -> None:
    """Raises `ConfigError` where the shard is missing, not what the entry says, or holds no fit values."""
    path = folder / entry.file
    if open_shard(path).metadata.num_rows != entry.rows or sha256_of(path) != entry.sha256:
        raise ConfigError(f"{path}: not what the manifest says; {MEND}")
    check_content(path, entry.scenario, entry.seed)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put it in place of the one before, in one stroke."""
    write_whole(folder / NAME, manifest.model_dump_json(indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Raises `ConfigError` where there is none, it cannot be read, or is of another version."""
    path = folder / NAME
    try:
        content = read_json(path, MAX_BYTES)
    except FileNotFoundError:
        raise ConfigError(
            f"{folder}: holds no recordings ({NAME}); make some with: run_sim.py collect"
        ) from None
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    if isinstance(content, dict) and content.get("version") != VERSION:
        found = shortened(str(content.get("version")))
        raise ConfigError(f"{path}: schema version {found}, but this program reads {VERSION}; collect again")
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from None
