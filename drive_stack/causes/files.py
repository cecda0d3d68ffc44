"""The file ``why.json`` of a run folder, which holds the explanations of its failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from drive_stack.causes.explanation import Explanation
from drive_stack.config import first_problem, read_error
from drive_stack.errors import ConfigError
from drive_stack.support.atomic_files import write_atomically
from drive_stack.support.file_reading import read_json

NAME = "why.json"
SCHEMA = 1

Course: TypeAlias = tuple[str, str, str, int]  # configuration hash, label, scenario, seed


@dataclass(frozen=True, slots=True)
class _File:
    schema_version: int
    explanations: tuple[Explanation, ...]


_FILE = TypeAdapter(_File)


def key_of(explanation: Explanation) -> Course:
    """The key of the row that an explanation is of."""
    return explanation.config_hash, explanation.label, explanation.scenario, explanation.seed


def read_explanations(folder: Path) -> tuple[Explanation, ...]:
    """Read the explanations in a run folder; none where it has no such file.

    Raises:
        ConfigError: the file cannot be read or has another schema.
    """
    path = folder / NAME
    try:
        content = read_json(path)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    try:
        file = _FILE.validate_python(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from None
    if file.schema_version != SCHEMA:
        raise ConfigError(
            f"{path}: schema version {file.schema_version}, but this program reads {SCHEMA}; delete the file"
        )
    return file.explanations


def write_explanations(folder: Path, explanations: Sequence[Explanation]) -> Path:
    """Write the explanations, replaced atomically; returns the path.

    Raises:
        ConfigError: the file cannot be written.
    """
    path = folder / NAME
    write_atomically(path, _FILE.dump_json(_File(SCHEMA, tuple(explanations)), indent=1).decode() + "\n")
    return path


def merged(old: Sequence[Explanation], new: Sequence[Explanation]) -> tuple[Explanation, ...]:
    """The explanations with new ones in place of those of the same rows."""
    return tuple({key_of(explanation): explanation for explanation in (*old, *new)}.values())
