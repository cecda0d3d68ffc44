"""The paths of the shards of recorded drives."""

from __future__ import annotations

from pathlib import Path

from drive_stack.datasets.shards import SUFFIX
from drive_stack.scenario_name import file_stem, unique_stem


def shard_path(folder: Path, scenario: str, seed: int) -> Path:
    """The path of an episode's shard; unique among scenarios."""
    return folder / f"{unique_stem(scenario)}-{seed:06d}{SUFFIX}"


def former_path(folder: Path, scenario: str, seed: int) -> Path:
    """The path of an episode's shard in folders of older versions; several scenarios could share a file."""
    return folder / f"{file_stem(scenario)}-{seed:06d}{SUFFIX}"
