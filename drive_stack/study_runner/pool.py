"""The list of the pool's episodes: what was recorded, and which network may learn from it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from drive_stack.config import StrictModel, first_problem, read_error
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.frames.row import FRAMES
from drive_stack.datasets.manifest import read_manifest
from drive_stack.errors import ConfigError
from drive_stack.study.subsets import PoolEpisode
from drive_stack.study_runner.folder import HELD_OUT, StudyFolder
from drive_stack.support.atomic_files import write_atomically
from drive_stack.support.file_reading import read_json

MAX_BYTES = 100_000_000  # an episode takes about 150 bytes


class EpisodePool(StrictModel):
    """All recorded episodes."""

    sha256: str  # of the drives' hashes
    episodes: tuple[PoolEpisode, ...]  # to learn from
    held_out: tuple[PoolEpisode, ...]  # on which all networks are measured


def episodes_of(folder: StudyFolder, part: str) -> tuple[PoolEpisode, ...]:
    """The recorded episodes of a part. Raises `ConfigError` if there are none, or frames are missing."""
    frames = {shard.file: shard.rows for shard in read_manifest(FRAMES, folder.frames(part)).shards}
    drives = read_manifest(DRIVES, folder.drives(part)).shards
    missing = [shard.file for shard in drives if shard.file not in frames]
    if missing:
        raise ConfigError(f"{folder.frames(part)}: the frames of {missing[0]} are missing; record it again")
    return tuple(
        PoolEpisode(part, shard.file, shard.scenario, shard.seed, shard.rows, frames[shard.file])
        for shard in drives
    )


def list_pool(folder: StudyFolder, parts: Sequence[str]) -> EpisodePool:
    """List the episodes of all parts, and write the list.

    Raises:
        ConfigError: two parts recorded the same episode, or `episodes_of` raises it.
    """
    episodes = tuple(episode for part in parts for episode in episodes_of(folder, part))
    for file, count in Counter(episode.file for episode in episodes).items():
        if count > 1:
            raise ConfigError(f"pool: two parts recorded {file}; give one of them another first_seed")
    hashes = "".join(read_manifest(DRIVES, folder.drives(part)).hash for part in (*parts, HELD_OUT))
    pool = EpisodePool(
        sha256=hashlib.sha256(hashes.encode()).hexdigest(),
        episodes=episodes,
        held_out=episodes_of(folder, HELD_OUT),
    )
    write_atomically(folder.pool, pool.model_dump_json(indent=1) + "\n")
    return pool


def read_pool(path: Path) -> EpisodePool:
    """Read the list of episodes. Raises `ConfigError` if nothing was recorded, or the list cannot be read."""
    try:
        return EpisodePool.model_validate(read_json(path, MAX_BYTES))
    except FileNotFoundError:
        raise ConfigError(f"{path}: the pool is not recorded yet; run: study record") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from None
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
