"""The recordings that a training learns from: where they are, and what a card says about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from typing_extensions import TypedDict

from drive_stack.datasets.drives.row import DRIVES
from drive_stack.datasets.manifest import read_manifest
from drive_stack.errors import ConfigError


class RecordingFacts(TypedDict):
    """Size and hash of a recording."""

    rows: int
    episodes: int
    sha256: str


def recorded_folders(recordings: Path, names: Sequence[str]) -> list[Path]:
    """The folders of ``names``. Raises `ConfigError` for one that is missing."""
    folders = [recordings / name for name in names]
    missing = [folder for folder in folders if not folder.is_dir()]
    if missing:
        raise ConfigError(
            f"{missing[0]}: no such recording; record it with: python run_sim.py study record, or "
            f"collect --out {missing[0]}; and name its folder with --recordings"
        )
    return folders


def describe_recording(folder: Path) -> RecordingFacts:
    """Size and hash of the recording in a folder."""
    manifest = read_manifest(DRIVES, folder)
    return {
        "rows": sum(shard.rows for shard in manifest.shards),
        "episodes": len(manifest.shards),
        "sha256": manifest.hash,
    }


def describe_recordings(folders: Sequence[Path]) -> dict[str, RecordingFacts]:
    """Size and hash of several recordings, by the names of their folders."""
    return {folder.name: describe_recording(folder) for folder in folders}


def recordings_table(recordings: Mapping[str, RecordingFacts]) -> list[str]:
    """A table of recordings in Markdown, line by line."""
    return [
        "| Recording | Rows | Episodes | SHA-256 |",
        "|---|---|---|---|",
        *(
            f"| {name} | {facts['rows']} | {facts['episodes']} | `{facts['sha256'][:16]}` |"
            for name, facts in recordings.items()
        ),
    ]
