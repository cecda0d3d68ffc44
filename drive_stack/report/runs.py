"""Run folders read for a report: rows under labels that tell them apart, and what has to be said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drive_stack.config import ConfigError
from drive_stack.evaluation.batch.row_file import NAME, read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.run_facts import RunFacts, read_facts


@dataclass(frozen=True, slots=True)
class Entry:
    """A row, and where it came from."""

    row: Row  # under its label in the report
    label: str  # in its own run
    run: Path
    number: int  # in its run, from 1


@dataclass(frozen=True, slots=True)
class Runs:
    """All that a report is made of."""

    folders: tuple[Path, ...]
    facts: tuple[RunFacts | None, ...]
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> list[Row]:
        """Of all runs."""
        return [entry.row for entry in self.entries]

    @property
    def labels(self) -> list[str]:
        """In the order of the runs, the reference first."""
        return list(dict.fromkeys(row.label for row in self.rows))


def read_runs(folders: Sequence[Path]) -> Runs:
    """Raises `ConfigError` for a folder without rows, or of another schema.

    A line that cannot be read is left out, and noted.
    """
    facts = tuple(read_facts(folder) for folder in folders)
    notes: list[str] = []
    found: list[tuple[Path, list[Row]]] = []
    for folder in folders:
        rows = list(read_rows(folder, unreadable=notes.append).values())
        if not rows:
            raise ConfigError(f"{folder / NAME}: holds no rows; drive some with: run_sim.py evaluate")
        found.append((folder, rows))
    versions = [fact.versions.get("drive_stack", "?") if fact else "?" for fact in facts]
    if len(set(versions)) > 1:
        runs = ", ".join(f"{folder} {version}" for folder, version in zip(folders, versions, strict=True))
        notes.append(f"The runs are of different versions: {runs}.")
    elif any(
        fact.versions != facts[0].versions for fact in facts if fact is not None and facts[0] is not None
    ):
        notes.append("The runs were driven with different versions of the packages below Drive Stack.")
    codes = {row.code for _, rows in found for row in rows}
    if len(codes) > 1:
        notes.append(f"The rows were driven by {len(codes)} states of the code.")
    return Runs(tuple(folders), facts, tuple(_entries(found)), tuple(notes))


def _entries(found: Sequence[tuple[Path, Sequence[Row]]]) -> list[Entry]:
    """Labels that occur in several runs get the run's name; of each course the last row counts."""
    times = Counter(label for _, rows in found for label in {row.label for row in rows})
    entries = []
    for folder, rows in found:
        latest = {(row.label, row.result.scenario, row.result.seed): row for row in rows}
        for number, row in enumerate(rows, start=1):
            if latest[row.label, row.result.scenario, row.result.seed] is row:
                label = row.label if times[row.label] == 1 else f"{row.label} ({folder.name})"
                entries.append(Entry(replace(row, label=label), row.label, folder, number))
    return entries
