"""The paths of the shards of recorded drives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drive_stack.datasets.shards import SUFFIX
from drive_stack.scenario_name import ScenarioName, file_stem, unique_stem
from drive_stack.support.layout import CONFIGS


def shard_path(folder: Path, scenario: str, seed: int, configs: Path = CONFIGS) -> Path:
    """The path of an episode's shard; unique among scenarios.

    The name of a scenario file below ``configs`` is the same wherever the checkout is, so that a list of
    episodes holds on another machine.
    """
    return folder / f"{unique_stem(_portable(scenario, configs))}-{seed:06d}{SUFFIX}"


def former_paths(folder: Path, scenario: str, seed: int) -> tuple[Path, ...]:
    """The paths of an episode's shard in folders of older versions.

    Several scenarios could share a file, or the name depended on where the scenario's file is.
    """
    return tuple(folder / f"{stem(scenario)}-{seed:06d}{SUFFIX}" for stem in (file_stem, unique_stem))


def _portable(scenario: str, configs: Path) -> str:
    """The name of a scenario, with the path of a file below ``configs`` as in a checkout."""
    name = ScenarioName.parse(scenario)
    path = Path(name.base)
    if not path.is_absolute() or not path.is_relative_to(configs):
        return scenario
    return str(replace(name, base=f"configs/{path.relative_to(configs).as_posix()}"))
