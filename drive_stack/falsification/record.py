"""The file ``search.json``: what was searched, every course, and the counterexamples in their order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from drive_stack.config import first_problem, read_error
from drive_stack.errors import ConfigError
from drive_stack.evaluation.run_facts import Driver
from drive_stack.falsification.outcome import Outcome, Trial, ranked
from drive_stack.support.atomic_files import write_atomically
from drive_stack.support.file_reading import read_json

NAME = "search.json"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class SearchSetup:
    """What a search does; together with the code it determines the courses."""

    scenario: str
    label: str  # of the driver
    driver: Driver
    method: str
    random_seed: int
    space: dict[str, str]  # key → its values, as text
    seeds: tuple[int, int]  # the first and the last seed that courses may have
    courses: int  # the budget
    batch: int


@dataclass(frozen=True, slots=True)
class SearchRecord:
    """A search and its trials."""

    setup: SearchSetup
    trials: tuple[Trial, ...]  # in the order of proposals
    schema_version: int = SCHEMA

    @property
    def counterexamples(self) -> tuple[Trial, ...]:
        """The most critical first; each course once."""
        return ranked(self.trials)

    @property
    def expert_episodes(self) -> int:
        """Number of courses that the expert drove, too: each one once."""
        driven = (Outcome.COUNTEREXAMPLE, Outcome.EXPERT_FAILED)
        return len({(trial.file, trial.seed) for trial in self.trials if trial.outcome in driven})

    def count(self, outcome: Outcome) -> int:
        """Number of trials with an outcome."""
        return sum(trial.outcome is outcome for trial in self.trials)

    @property
    def first_found(self) -> int | None:
        """Number of the first counterexample; None where there is none."""
        return next((trial.number for trial in self.trials if trial.is_counterexample), None)

    @property
    def highest(self) -> float | None:
        """Highest criticality of all trials; None where there is none."""
        return max(
            (trial.criticality for trial in self.trials if trial.criticality is not None), default=None
        )


_RECORD = TypeAdapter(SearchRecord)


def write_record(folder: Path, record: SearchRecord) -> Path:
    """Write ``search.json``, replaced atomically; returns its path.

    Raises:
        ConfigError: the file cannot be written.
    """
    path = folder / NAME
    write_atomically(path, _RECORD.dump_json(record, indent=1).decode() + "\n")
    return path


def read_record(folder: Path) -> SearchRecord:
    """Read ``search.json``; raises `ConfigError` where it is missing, invalid or of another schema."""
    path = folder / NAME
    try:
        record = _RECORD.validate_python(read_json(path))
    except ValidationError as error:
        raise ConfigError(f"{path}: {first_problem(error)}") from None
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    if record.schema_version != SCHEMA:
        raise ConfigError(f"{path}: schema version {record.schema_version}, but this program reads {SCHEMA}")
    return record
