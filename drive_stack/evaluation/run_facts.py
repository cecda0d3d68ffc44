"""What a run folder was made with: the file ``run.json`` next to the rows."""

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
from drive_stack.evaluation.redraws.records import PairedWorlds, Redraw, courses_of, paired_bases
from drive_stack.seeds import Seed, SeedCount, check_episodes, seed_range
from drive_stack.support.atomic_files import write_atomically
from drive_stack.support.file_reading import read_json

NAME = "run.json"
SCHEMA = 2  # of the rows and of this file
_PACKAGES = ("numpy", "numba", "highway-env", "gymnasium", "panda3d", "openvino", "onnxruntime", "torch")


class Driver(StrictModel):
    """The agent behind a label. An agent is not trusted because such a file names it."""

    agent: str  # registered name, configuration file or ``package.module:Class``
    overrides: tuple[str, ...] = ()


class RunFacts(StrictModel):
    """All that is needed to repeat an episode of the run."""

    schema_version: int = SCHEMA
    suite: str
    scenarios: tuple[str, ...]
    first_seed: Seed
    seeds: SeedCount  # of each scenario
    drivers: dict[str, Driver]  # by label; the first is the reference
    redraws: tuple[Redraw, ...] = ()  # worlds of paired courses that were replaced

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        seed_range(self.first_seed, self.seeds)
        check_episodes(len(self.scenarios), self.seeds)
        return self

    @property
    def courses(self) -> list[tuple[str, int]]:
        """Scenario and seed of all courses of the run, one seed after another."""
        seeds = range(self.first_seed, self.first_seed + self.seeds)
        return courses_of(self.scenarios, seeds, self.redraws)

    @property
    def paired_worlds(self) -> PairedWorlds:
        """The worlds that base courses share with their twins."""
        return PairedWorlds(len(paired_bases(self.scenarios)) * self.seeds, self.redraws)


def versions() -> dict[str, str]:
    """Versions of this package, of Python and of the packages that influence an episode."""
    versions_of = {"drive_stack": drive_stack.__version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions_of[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions_of


def write_facts(folder: Path, facts: RunFacts) -> None:
    """Write ``run.json``, replaced atomically.

    Raises:
        ConfigError: the file cannot be written.
    """
    write_atomically(folder / NAME, facts.model_dump_json(indent=1) + "\n")


def read_facts(folder: Path) -> RunFacts | None:
    """Read ``run.json``; None where the folder has none.

    Raises:
        ConfigError: the file cannot be read or has another schema.
    """
    path = folder / NAME
    try:
        content = read_json(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    schema = content.get("schema_version") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise ConfigError(f"{path}: schema version {shortened(str(schema))}, but this program reads {SCHEMA}")
    try:
        return RunFacts.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from None
