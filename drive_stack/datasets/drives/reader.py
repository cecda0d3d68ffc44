"""Recorded drives, read back column by column."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from drive_stack.datasets.checks import image_error, read_jpegs
from drive_stack.datasets.drives.other_actors import OtherActors, read_other_actors
from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.manifest import Manifest, check_all, read_manifest
from drive_stack.support.jpeg import decode
from drive_stack.types import Image

Scalar = TypeVar("Scalar", bound=np.generic)

_SEPARATE_COLUMNS = ("image", "other_actors")


class Recording:
    """The episodes of one or several folders, concatenated.

    Raises:
        ConfigError: If a folder has no recordings; if a shard is listed twice, missing, truncated or changed;
            if its columns or values are not those of a recording; or if a schema version differs.
    """

    def __init__(self, folders: Sequence[Path], files: Collection[str] | None = None) -> None:
        """Open the recordings in ``folders``; of their shards only ``files``, unless that is None."""
        manifests = [(folder, _chosen(read_manifest(DRIVES, folder), files)) for folder in folders]
        for folder, manifest in manifests:
            check_all(DRIVES, folder, manifest)
        self._paths = [folder / shard.file for folder, manifest in manifests for shard in manifest.shards]
        counts = [shard.rows for _, manifest in manifests for shard in manifest.shards]
        self.episode_ends: NDArray[np.int64] = np.cumsum(counts, dtype=np.int64)
        hashes = "".join(manifest.hash for _, manifest in manifests)
        self.hash = hashlib.sha256(hashes.encode()).hexdigest()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The shards, in the order of the episodes."""
        return tuple(self._paths)

    @property
    def rows(self) -> int:
        """Number of steps."""
        return int(self.episode_ends[-1]) if len(self.episode_ends) else 0

    @property
    def episodes(self) -> int:
        """Number of episodes."""
        return len(self._paths)

    def column(self, name: str, dtype: type[Scalar]) -> NDArray[Scalar]:
        """A column of all rows as an (N,) array of ``dtype``; missing numbers are NaN.

        Raises:
            KeyError: For an unknown column, and for ``image`` and ``other_actors``, which have own methods.
        """
        if name not in DRIVES.schema.names or name in _SEPARATE_COLUMNS:
            raise KeyError(f"no column '{name}'")
        parts = [DRIVES.read_columns(path, [name]).column(0).to_numpy() for path in self._paths]
        return np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype)

    def other_actors(self) -> OtherActors:
        """The other actors of all rows, in the order of rows."""
        columns = [DRIVES.read_columns(path, ["other_actors"]).column(0) for path in self._paths]
        return read_other_actors(columns)

    def images(self, episode: int) -> Iterator[Image]:
        """The (H, W, 3) RGB images of an episode, in order. Raises `ConfigError` for an invalid image."""
        path = self._paths[episode]
        for row, jpeg in enumerate(read_jpegs(DRIVES, path)):
            try:
                yield decode(jpeg)
            except ValueError as error:
                raise image_error(path, row, error) from None


def _chosen(manifest: Manifest, files: Collection[str] | None) -> Manifest:
    """The manifest with only some of its shards."""
    if files is None:
        return manifest
    shards = tuple(shard for shard in manifest.shards if shard.file in files)
    return manifest.model_copy(update={"shards": shards})
