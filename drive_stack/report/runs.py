"""Run folders read for a report: rows under labels that tell them apart, and what has to be said of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
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
    names: tuple[str, ...]  # of the folders, each its own
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
    """Raises `ConfigError` for a folder without rows, of another schema, or given twice.

    A line that cannot be read is left out, and noted.
    """
    names = _names(folders)
    facts = tuple(read_facts(folder) for folder in folders)
    notes: list[str] = []
    found: list[tuple[Path, list[Row]]] = []
    for folder in folders:
        rows = list(read_rows(folder, unreadable=notes.append).values())
        if not rows:
            raise ConfigError(f"{folder / NAME}: holds no rows; drive some with: run_sim.py evaluate")
        found.append((folder, rows))
    entries = _entries(found, names)
    shown = [entry.row for entry in entries]
    differing = [f"{package} {told}" for package, told in made_with(shown).items() if " and " in told]
    if differing:
        notes.append(f"The rows were driven with different versions: {', '.join(differing)}.")
    codes = {row.code_hash for row in shown}
    if len(codes) > 1:
        notes.append(f"The rows were driven by {len(codes)} states of the code.")
    stale = sum(len(rows) for _, rows in found) - len(entries)
    if stale:
        notes.append(f"Rows of earlier configurations left out: {stale}; of each course the last counts.")
    return Runs(tuple(folders), names, facts, tuple(entries), tuple(notes))


def made_with(rows: Iterable[Row]) -> dict[str, str]:
    """Versions of what drove the rows, by package; where there are several, all of them."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        for package, version in row.versions.items():
            found[package][version] = None
    return {package: " and ".join(versions) for package, versions in found.items()}


def _names(folders: Sequence[Path]) -> tuple[str, ...]:
    """The shortest ends of the paths that tell the folders apart."""
    paths = [folder.resolve() for folder in folders]
    if twice := [path for path, times in Counter(paths).items() if times > 1]:
        raise ConfigError(f"{twice[0]}: is given more than once")
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = tuple("/".join(path.parts[-length:]) for path in paths)
        if len(set(names)) == len(names):
            break
    return names


def _entries(found: Sequence[tuple[Path, Sequence[Row]]], names: Sequence[str]) -> list[Entry]:
    """Labels that occur in several runs get the run's name; of each course the last row counts."""
    times = Counter(label for _, rows in found for label in {row.label for row in rows})
    entries = []
    for (folder, rows), name in zip(found, names, strict=True):
        latest = {(row.label, row.result.scenario, row.result.seed): row for row in rows}
        for number, row in enumerate(rows, start=1):
            if latest[row.label, row.result.scenario, row.result.seed] is row:
                label = row.label if times[row.label] == 1 else f"{row.label} ({name})"
                entries.append(Entry(replace(row, label=label), row.label, folder, number))
    return entries
