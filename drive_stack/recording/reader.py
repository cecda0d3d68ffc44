"""Recordings read back, column by column."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_stack.config import ConfigError
from drive_stack.jpeg import decode
from drive_stack.recording.manifest import read_manifest
from drive_stack.recording.others import Others, read_others
from drive_stack.recording.schema import SCHEMA
from drive_stack.recording.shard import open_shard
from drive_stack.runtime.weights import sha256_of
from drive_stack.types import Image


class Recording:
    """The episodes of one folder or of several, one after another.

    Raises `ConfigError` where a folder has no recordings, a shard is missing, cut off or altered, or
    anything is of another schema version.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        manifests = [(folder, read_manifest(folder)) for folder in folders]
        entries = [(folder / shard.file, shard) for folder, found in manifests for shard in found.shards]
        for path, shard in entries:
            if open_shard(path).metadata.num_rows != shard.rows or sha256_of(path) != shard.sha256:
                raise ConfigError(f"{path}: not what the manifest says; delete it and collect again")
        self._paths = [path for path, _ in entries]
        self.episode_ends: NDArray[np.int64] = np.cumsum([shard.rows for _, shard in entries], dtype=np.int64)
        self.hash = hashlib.sha256("".join(found.hash for _, found in manifests).encode()).hexdigest()

    @property
    def rows(self) -> int:
        """How many steps there are."""
        return int(self.episode_ends[-1]) if len(self.episode_ends) else 0

    @property
    def episodes(self) -> int:
        """How many episodes."""
        return len(self._paths)

    def column(self, name: str) -> NDArray[Any]:
        """A column over all rows; any but the pictures and the other road users."""
        if name not in SCHEMA.names or name in ("image", "others"):
            raise KeyError(f"no column '{name}'")
        parts = [
            open_shard(path).read([name]).column(0).to_numpy(zero_copy_only=False) for path in self._paths
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def others(self) -> Others:
        """All that is on the road beside the ego, in the order of rows."""
        return read_others([open_shard(path).read(["others"]).column(0) for path in self._paths])

    def images(self, episode: int) -> Iterator[Image]:
        """The (H, W, 3) pictures of an episode, in order."""
        table = open_shard(self._paths[episode]).read(["image"])
        for stream in table.column(0):
            yield decode(np.frombuffer(stream.as_buffer(), dtype=np.uint8))
