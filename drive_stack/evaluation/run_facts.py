"""What a folder of an evaluation was made with: ``run.json`` beside the rows."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator

import drive_stack
from drive_stack.config import StrictModel, first_problem, read_error
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.seeds import Seed, SeedCount, check_episodes, seed_range
from drive_stack.support.atomic_files import write_whole
from drive_stack.support.file_reading import read_json

NAME = "run.json"
SCHEMA = 2  # of the rows and of this file
_PACKAGES = ("numpy", "numba", "highway-env", "gymnasium", "panda3d", "openvino", "onnxruntime", "torch")


class Driver(StrictModel):
    """Who is behind a label. That such a file names somebody is no reason to trust them."""

    agent: str  # registered name, configuration file or ``package.module:Class``
    overrides: tuple[str, ...] = ()


class RunFacts(StrictModel):
    """All that is needed to drive an episode of the run again."""

    schema_version: int = SCHEMA
    suite: str
    scenarios: tuple[str, ...]
    first_seed: Seed
    seeds: SeedCount  # of each scenario
    drivers: dict[str, Driver]  # by label; the first is the reference

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        seed_range(self.first_seed, self.seeds)
        check_episodes(len(self.scenarios), self.seeds)
        return self


def versions() -> dict[str, str]:
    """Of this package, Python, and what decides how an episode goes."""
    found = {"drive_stack": drive_stack.__version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write_facts(folder: Path, facts: RunFacts) -> None:
    """In place of what was there; `ConfigError` where that fails."""
    write_whole(folder / NAME, facts.model_dump_json(indent=1) + "\n")


def read_facts(folder: Path) -> RunFacts | None:
    """None where there is none; `ConfigError` for one that cannot be read, or of another schema."""
    path = folder / NAME
    try:
        content = read_json(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    found = content.get("schema_version") if isinstance(content, dict) else None
    if found != SCHEMA:
        raise ConfigError(f"{path}: schema version {shortened(str(found))}, but this program reads {SCHEMA}")
    try:
        return RunFacts.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from None
