"""The list of the pool's episodes: what was recorded, and which network may learn from it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from drive_stack.config import StrictModel, first_problem, read_error
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.frames.row import FRAMES
from drive_stack.datasets.manifest import read_manifest
from drive_stack.errors import ConfigError
from drive_stack.study.config import StudyPlan
from drive_stack.study.subsets import PoolEpisode
from drive_stack.study_runner.folder import HELD_OUT, StudyFolder
from drive_stack.study_runner.recording_code import recording_hash
from drive_stack.support.atomic_files import make_folder, write_atomically
from drive_stack.support.file_reading import read_json

MAX_BYTES = 100_000_000  # an episode takes about 400 bytes


class ShardHashes(StrictModel):
    """SHA-256 of the two shards of an episode."""

    drive: str
    frames: str


class EpisodePool(StrictModel):
    """All recorded episodes."""

    plan: str = ""  # name of the plan; empty in older lists
    made_with: str  # hash of what the recordings depend on, see `pool_settings`
    code: str = ""  # hash of the code that recorded them, see `recording_hash`; empty in older lists
    sha256: str  # of the drives' hashes
    episodes: tuple[PoolEpisode, ...]  # to learn from
    held_out: tuple[PoolEpisode, ...]  # on which all networks are measured
    hashes: dict[str, ShardHashes]  # by the name of the episode's file

    @property
    def every(self) -> tuple[PoolEpisode, ...]:
        """All episodes, to learn from and to measure on."""
        return self.episodes + self.held_out


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


def pool_settings(plan: StudyPlan) -> str:
    """Hash of what the recordings of a plan depend on, apart from the code and the students' weights."""
    rates = f"{plan.rows_per_second} {plan.labelled_frames_per_second} "
    return hashlib.sha256((rates + plan.pool.model_dump_json()).encode()).hexdigest()[:16]


def list_pool(folder: StudyFolder, plan: StudyPlan) -> EpisodePool:
    """List the episodes of all parts, and write the list.

    Raises:
        ConfigError: two parts recorded the same episode, or `episodes_of` raises it.
    """
    parts = tuple(plan.pool.parts)
    episodes = tuple(episode for part in parts for episode in episodes_of(folder, part))
    for file, count in Counter(episode.file for episode in episodes).items():
        if count > 1:
            raise ConfigError(f"pool: two parts recorded {file}; give one of them another first_seed")
    hashes = {name: own for part in (*parts, HELD_OUT) for name, own in _hashes(folder, part).items()}
    pool = EpisodePool(
        plan=plan.name,
        made_with=pool_settings(plan),
        code=recording_hash(),
        sha256=hashlib.sha256("".join(own.drive for own in hashes.values()).encode()).hexdigest(),
        episodes=episodes,
        held_out=episodes_of(folder, HELD_OUT),
        hashes=hashes,
    )
    make_folder(folder.pool.parent)
    write_atomically(folder.pool, pool.model_dump_json(indent=1) + "\n")
    return pool


def _hashes(folder: StudyFolder, part: str) -> dict[str, ShardHashes]:
    """The hashes of both shards of each episode of a part, by the name of its file."""
    frames = {shard.file: shard.sha256 for shard in read_manifest(FRAMES, folder.frames(part)).shards}
    return {
        shard.file: ShardHashes(drive=shard.sha256, frames=frames[shard.file])
        for shard in read_manifest(DRIVES, folder.drives(part)).shards
        if shard.file in frames
    }


def differing_episodes(
    folder: StudyFolder, pool: EpisodePool, episodes: Iterable[PoolEpisode]
) -> tuple[PoolEpisode, ...]:
    """The episodes whose recordings in the folder are not those of the list.

    Raises:
        ConfigError: an episode is not recorded.
    """
    chosen = tuple(episodes)
    recorded = {
        name: own
        for part in {episode.part for episode in chosen}
        for name, own in _hashes(folder, part).items()
    }
    for episode in chosen:
        if episode.file not in recorded:
            raise ConfigError(f"{folder.drives(episode.part) / episode.file}: could not be recorded again")
    return tuple(episode for episode in chosen if recorded[episode.file] != pool.hashes[episode.file])


def read_pool(path: Path, plan: StudyPlan) -> EpisodePool:
    """Read the list of episodes.

    Raises:
        ConfigError: nothing was recorded, the list cannot be read, or the plan has another pool.
    """
    try:
        pool = EpisodePool.model_validate(read_json(path, MAX_BYTES))
    except FileNotFoundError:
        raise ConfigError(f"{path}: the pool is not recorded yet; run: study record") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from None
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    if pool.made_with != pool_settings(plan):
        raise ConfigError(f"{path}: lists another pool than that of the plan; restore the plan's pool")
    if missing := [episode.file for episode in pool.every if episode.file not in pool.hashes]:
        raise ConfigError(f"{path}: hashes: {missing[0]} is missing")
    return pool
