"""What a folder of an evaluation was made with: ``run.json`` beside the rows."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import ValidationError

import drive_stack
from drive_stack.config import StrictModel, read_error
from drive_stack.errors import ConfigError
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
    first_seed: int
    seeds: int  # of each scenario
    drivers: dict[str, Driver]  # by label; the first is the reference


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
        raise ConfigError(f"{path}: schema version {found}, but this program reads {SCHEMA}")
    try:
        return RunFacts.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
