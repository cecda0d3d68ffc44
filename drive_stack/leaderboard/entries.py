"""The entries of the leaderboard: for each driver a card and a compressed file of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from drive_stack.config import read_error
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.evaluation.batch.row_file import read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.run_facts import read_facts
from drive_stack.evaluation.suite import Suite
from drive_stack.evaluation.summary import Course
from drive_stack.leaderboard.card import LeaderboardCard, read_card, write_card
from drive_stack.support.atomic_files import make_folder
from drive_stack.support.compressed_lines import read_lines, write_lines
from drive_stack.support.file_reading import parse_json

STANDARD, FRONTIER, RECOVERY = "standard", "frontier", "recovery"
SUITES = (STANDARD, FRONTIER, RECOVERY)
_CARD, _ROWS = ".card.yaml", ".rows.jsonl.xz"


@dataclass(frozen=True, slots=True)
class Entry:
    """A driver's card, and its rows by suite; their label is the card's name."""

    card: LeaderboardCard
    rows: Mapping[str, tuple[Row, ...]]

    @property
    def privileged(self) -> bool:
        """Whether the driver reads the truth."""
        return any(row.result.privileged for rows in self.rows.values() for row in rows)


def card_path(folder: Path, name: str) -> Path:
    """The file of an entry's card."""
    return folder / f"{name}{_CARD}"


def read_entries(folder: Path) -> list[Entry]:
    """Read all entries, by name.

    Raises:
        ConfigError: a file cannot be read, or a card has another name than its file.
    """
    return [_read_entry(folder, path) for path in sorted(folder.glob(f"*{_CARD}"))]


def write_entry(folder: Path, entry: Entry) -> tuple[Path, Path]:
    """Write an entry's card and rows, each replaced atomically; rows of other suites are kept.

    Raises:
        ConfigError: a file cannot be written, or the present rows cannot be read.
    """
    make_folder(folder)
    card, path = card_path(folder, entry.card.name), folder / f"{entry.card.name}{_ROWS}"
    rows = {**_read_rows(path), **entry.rows}
    write_lines(
        path,
        (
            json.dumps({"suite": suite, "row": json.loads(row.to_json())})
            for suite in SUITES
            for row in sorted(rows.get(suite, ()), key=_course)
        ),
    )
    write_card(card, entry.card)
    return card, path


def rows_of_run(folder: Path, label: str, suite: Suite, scenarios: Sequence[str]) -> tuple[Row, ...]:
    """The rows of a driver in a run folder of ``suite``; ``scenarios`` are the suite's courses.

    Raises:
        ConfigError: the run has other courses or seeds than the suite, no driver of that label, or does not
            hold all of its episodes yet.
    """
    facts = read_facts(folder)
    if facts is None or facts.suite != suite.name:
        raise ConfigError(f"{folder}: not a run of the suite {suite.name}")
    if set(facts.scenarios) != set(scenarios) or (facts.first_seed, facts.seeds) != (
        suite.first_seed,
        suite.seeds,
    ):
        raise ConfigError(f"{folder}: drives other courses or seeds than {suite.name}; leave out --seeds")
    rows = {_course(row): row for row in read_rows(folder).values() if row.label == label}
    if not rows:
        known = sorted({row.label for row in read_rows(folder).values()})
        raise ConfigError(f"{folder}: no driver '{shortened(label)}'; there are: {', '.join(known)}")
    driven = [rows[course] for course in facts.courses if course in rows]
    if len(driven) < len(facts.courses):
        raise ConfigError(
            f"{folder}: {shortened(label)} has driven {len(driven)} of {len(facts.courses)} episodes; "
            "finish the run first"
        )
    return tuple(driven)


def run_suite(folder: Path) -> str:
    """The suite of a run folder. Raises `ConfigError` for one that the leaderboard does not show."""
    facts = read_facts(folder)
    if facts is None or facts.suite not in SUITES:
        what = "no run of evaluate" if facts is None else f"a run of the suite {shortened(facts.suite)}"
        raise ConfigError(f"{folder}: {what}; the leaderboard shows {', '.join(SUITES)}")
    return facts.suite


def step_ms(rows: Sequence[Row]) -> float | None:
    """Median over the episodes of the time of a decision [ms]; None for rows without timings.

    Every worker of an evaluation computes on one thread, so this is the time of one core.
    """
    known = [row.result.stages_ms["agent"] for row in rows if "agent" in row.result.stages_ms]
    return round(float(np.median(known)), 2) if known else None


def _read_entry(folder: Path, path: Path) -> Entry:
    card = read_card(path)
    if path.name != f"{card.name}{_CARD}":
        raise ConfigError(f"{path}: name '{card.name}' differs from the file's")
    rows = _read_rows(folder / f"{card.name}{_ROWS}")
    labelled = {
        suite: tuple(replace(row, label=card.name) for row in of_suite) for suite, of_suite in rows.items()
    }
    return Entry(card, labelled)


def _read_rows(path: Path) -> dict[str, tuple[Row, ...]]:
    rows: dict[str, list[Row]] = {}
    try:
        for suite, row in map(_read_line, read_lines(path)):
            rows.setdefault(suite, []).append(row)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    return {suite: tuple(of_suite) for suite, of_suite in rows.items()}


def _read_line(line: bytes) -> tuple[str, Row]:
    content = parse_json(line.decode())
    if not isinstance(content, dict) or content.get("suite") not in SUITES:
        raise ValueError(f"a line is not a row of {', '.join(SUITES)}")
    return content["suite"], Row.from_json(json.dumps(content.get("row")).encode())


def _course(row: Row) -> Course:
    return row.result.scenario, row.result.seed


def complete(entries: Sequence[Entry], suite: str, episodes: int) -> Iterator[Entry]:
    """Yield the entries that have driven all ``episodes`` of a suite."""
    for entry in entries:
        if len({_course(row) for row in entry.rows.get(suite, ())}) == episodes:
            yield entry
