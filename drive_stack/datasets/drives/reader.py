"""Recordings read back, column by column."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drive_stack.datasets.drives.checks import read_pictures
from drive_stack.datasets.drives.manifest import NAME, Manifest, check_entry, read_manifest
from drive_stack.datasets.drives.other_actors import Others, read_others
from drive_stack.datasets.drives.schema import SCHEMA
from drive_stack.datasets.drives.shard import MEND, read_columns
from drive_stack.errors import ConfigError
from drive_stack.types import Image


class Recording:
    """The episodes of one folder or of several, one after another.

    Raises `ConfigError` where a folder has no recordings, a shard is listed twice, missing, cut off or
    altered, holds other columns or values than recordings have, or anything is of another schema version.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        manifests = [(folder, read_manifest(folder)) for folder in folders]
        entries = [(folder / shard.file, shard) for folder, found in manifests for shard in found.shards]
        for folder, found in manifests:
            _check_listed_once(folder, found)
            for shard in found.shards:
                check_entry(folder, shard)
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
        parts = [read_columns(path, [name]).column(0).to_numpy() for path in self._paths]
        return np.concatenate(parts) if parts else np.zeros(0)

    def others(self) -> Others:
        """All that is on the road beside the ego, in the order of rows."""
        return read_others([read_columns(path, ["others"]).column(0) for path in self._paths])

    def images(self, episode: int) -> Iterator[Image]:
        """The (H, W, 3) pictures of an episode, in order; `ConfigError` for one that is no such picture."""
        return read_pictures(self._paths[episode])


def _check_listed_once(folder: Path, manifest: Manifest) -> None:
    for file, times in Counter(shard.file for shard in manifest.shards).items():
        if times > 1:
            raise ConfigError(f"{folder / NAME}: lists {file} {times} times; {MEND}")
