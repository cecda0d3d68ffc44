"""Reads run folders for a report: their rows, under unambiguous labels, and notes on problems."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.evaluation.batch.row_file import NAME, read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import Key
from drive_stack.evaluation.comparison import Comparison, Completeness
from drive_stack.evaluation.redraws.records import PairedWorlds
from drive_stack.evaluation.run_facts import NAME as RUN_JSON
from drive_stack.evaluation.run_facts import Driver, RunFacts, read_facts
from drive_stack.evaluation.shift_drops import ShiftDrop, shift_drops
from drive_stack.evaluation.summary import Course

_MAX_NOTE = 1000  # characters


@dataclass(frozen=True, slots=True)
class Entry:
    """A row and its source."""

    row: Row  # with its label in the report
    label: str  # in its run
    driver: Driver
    run: Path
    number: int  # in its run, from 1


@dataclass(frozen=True, slots=True)
class Runs:
    """The contents of all run folders of a report."""

    folders: tuple[Path, ...]
    names: tuple[str, ...]  # of the folders, all different
    facts: tuple[RunFacts | None, ...]
    entries: tuple[Entry, ...]
    comparison: Comparison  # of all agents of all runs
    completeness: Completeness
    notes: tuple[str, ...]
    drops: tuple[ShiftDrop, ...]  # from base courses to their shifted twins

    @property
    def paired_worlds(self) -> PairedWorlds:
        """The worlds that base courses share with their twins, of all runs."""
        worlds = [facts.paired_worlds for facts in self.facts if facts is not None]
        redraws = [redraw for own in worlds for redraw in own.redraws]
        return PairedWorlds(sum(own.count for own in worlds), redraws)

    @property
    def rows(self) -> list[Row]:
        """The rows of all runs."""
        return [entry.row for entry in self.entries]


@dataclass(frozen=True, slots=True)
class _Run:
    """One folder."""

    folder: Path
    name: str
    facts: RunFacts | None
    rows: Mapping[int, Row]  # the rows shown, by their number in the file, from 1
    completeness: Completeness


def read_runs(folders: Sequence[Path], current: Collection[Key] = ()) -> Runs:
    """Read the rows of the courses that each run requested last, according to its ``run.json``.

    Of several rows of a driver on a course the last counts, or the one whose key is in ``current``. A line
    that cannot be read is left out, with a note.

    Raises:
        ConfigError: a folder has no rows, has another schema, or is named twice.
    """
    names = _names(folders)
    notes: list[str] = []
    runs = [_read(folder, name, current, notes) for folder, name in zip(folders, names, strict=True)]
    entries = _entries(runs)
    shown = [entry.row for entry in entries]
    differing = [
        f"{package} {version}" for package, version in made_with(shown).items() if " and " in version
    ]
    if differing:
        notes.append(f"The episodes were driven with different versions: {', '.join(differing)}.")
    codes = {row.code_hash for row in shown}
    if len(codes) > 1:
        notes.append(f"The episodes were driven by {len(codes)} different versions of the code.")
    completeness = Completeness(
        sum(run.completeness.driven for run in runs), sum(run.completeness.requested for run in runs)
    )
    facts = tuple(run.facts for run in runs)
    lines = tuple(shortened(note, _MAX_NOTE) for note in notes)  # notes quote files that others wrote
    labels = list(dict.fromkeys(row.label for row in shown))  # in the order of the runs, the reference first
    comparison = Comparison(shown, labels, completeness)
    drops = tuple(shift_drops(comparison))
    return Runs(tuple(folders), names, facts, tuple(entries), comparison, completeness, lines, drops)


def _read(folder: Path, name: str, current: Collection[Key], notes: list[str]) -> _Run:
    facts = read_facts(folder)
    rows = dict(enumerate(read_rows(folder, unreadable=notes.append).values(), start=1))
    if not rows:
        raise ConfigError(f"{folder / NAME}: holds no rows; drive some with: run_sim.py evaluate")
    courses = _courses(facts, rows.values())
    of_run = {number: row for number, row in rows.items() if _course(row) in courses}
    if not of_run:
        raise ConfigError(f"{folder / NAME}: holds no rows of the courses in {RUN_JSON}")
    if others := len(rows) - len(of_run):
        notes.append(f"{name}: rows of courses that the run did not request are left out: {others}.")
    latest: dict[tuple[str, Course], int] = {}
    for number, row in of_run.items():
        driver_course = row.label, _course(row)
        if driver_course not in latest or of_run[latest[driver_course]].key not in current:
            latest[driver_course] = number
    if stale := len(of_run) - len(latest):
        notes.append(
            f"Rows of earlier configurations are left out: {stale}; of each course the last row counts."
        )
    shown = {number: of_run[number] for number in sorted(latest.values())}
    requested = _drivers(facts, rows.values(), shown.values())
    return _Run(folder, name, facts, shown, Completeness(len(shown), len(requested) * len(courses)))


def _courses(facts: RunFacts | None, rows: Iterable[Row]) -> set[Course]:
    """The courses that the run requested of every driver; without ``run.json`` all that any driver drove."""
    if facts is None:
        return {_course(row) for row in rows}
    return set(facts.courses)


def _drivers(facts: RunFacts | None, rows: Iterable[Row], shown: Iterable[Row]) -> set[str]:
    """Labels of the drivers of the run's courses, without those of an earlier command's courses only."""
    driving = {row.label for row in shown}
    elsewhere = {row.label for row in rows} - driving
    return driving | (set(facts.drivers if facts is not None else ()) - elsewhere)


def _course(row: Row) -> Course:
    return row.result.scenario, row.result.seed


def made_with(rows: Iterable[Row]) -> dict[str, str]:
    """Versions of the packages that drove the rows; several versions are joined by "and"."""
    versions_of: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        for package, version in row.versions.items():
            versions_of[package][version] = None
    return {package: " and ".join(versions) for package, versions in versions_of.items()}


def _names(folders: Sequence[Path]) -> tuple[str, ...]:
    """The shortest ends of the paths that distinguish the folders."""
    paths = [folder.resolve() for folder in folders]
    if twice := [path for path, times in Counter(paths).items() if times > 1]:
        raise ConfigError(f"{twice[0]}: is given more than once")
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = tuple("/".join(path.parts[-length:]) for path in paths)
        if len(set(names)) == len(names):
            break
    return names


def _entries(runs: Sequence[_Run]) -> list[Entry]:
    """All rows; a label that occurs in several runs is followed by the run's name."""
    times = Counter(label for run in runs for label in {row.label for row in run.rows.values()})
    entries = []
    for run in runs:
        drivers = run.facts.drivers if run.facts is not None else {}
        for number, row in run.rows.items():
            label = row.label if times[row.label] == 1 else f"{row.label} ({run.name})"
            driver = drivers.get(row.label, Driver(agent=row.label))
            entries.append(Entry(replace(row, label=label), row.label, driver, run.folder, number))
    return entries
