"""``run_sim.py leaderboard``: enter drivers of finished runs, and write the page that compares them all."""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from drive_stack.agent_spec import runs_code
from drive_stack.app.wiring import Wiring
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.row_file import read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.run_facts import Driver, read_facts
from drive_stack.evaluation.suite import Suite, load_suite
from drive_stack.leaderboard.card import Costs, LeaderboardCard, read_card, with_overrides
from drive_stack.leaderboard.entries import (
    SUITES,
    Entry,
    card_path,
    complete,
    read_entries,
    rows_of_run,
    run_suite,
    step_ms,
    write_entry,
)
from drive_stack.leaderboard.page import leaderboard_page
from drive_stack.leaderboard.training_costs import training_costs
from drive_stack.support.atomic_files import make_folder, write_atomically
from drive_stack.support.machine import describe_machine

_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")  # what a label may hold and the name of an entry may not


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Enter what ``--add`` names, and write the page; returns the exit status."""
    if not args.add and (args.label or args.set):
        raise ConfigError("--label and --set go with --add")
    suites = {name: load_suite(name) for name in SUITES}
    courses = {name: _courses(suite, wiring.batch) for name, suite in suites.items()}
    entries = _new_entries(args.add, args.label, courses, suites, wiring.batch)
    if len(entries) > 1 and args.set:
        raise ConfigError("--set: describes one driver; name it with --label")
    for entry in entries:
        card = with_overrides(_kept(args.folder, entry.card), args.set)
        paths = write_entry(args.folder, Entry(card, entry.rows))
        print("written: " + ", ".join(map(str, paths)), file=sys.stderr)
    entries = read_entries(args.folder)
    episodes = {name: len(courses[name]) * suite.seeds for name, suite in suites.items()}
    make_folder(args.out.parent)
    write_atomically(args.out, leaderboard_page(entries, episodes))
    for name, count in episodes.items():
        print(
            f"{name}: {len(list(complete(entries, name, count)))} of {len(entries)} drivers", file=sys.stderr
        )
    print(f"written: {args.out}", file=sys.stderr)
    return 0


def _courses(suite: Suite, wiring: BatchWiring) -> Sequence[str]:
    return suite.scenarios(wiring.scenarios, wiring.world_name)


def _new_entries(
    runs: Sequence[Path],
    labels: Sequence[str],
    courses: Mapping[str, Sequence[str]],
    suites: Mapping[str, Suite],
    wiring: BatchWiring,
) -> list[Entry]:
    """An entry for each driver of the runs; writes no file. Raises `ConfigError` for a run that is unfit."""
    rows: dict[str, dict[str, tuple[Row, ...]]] = {}
    drivers: dict[str, Driver] = {}
    for folder in runs:
        name = run_suite(folder)
        facts = read_facts(folder)
        drivers |= facts.drivers if facts is not None else {}
        for label in labels or sorted({row.label for row in read_rows(folder).values()}):
            rows.setdefault(label, {})[name] = rows_of_run(folder, label, suites[name], courses[name])
    return [Entry(_card(label, of, drivers.get(label), wiring), of) for label, of in rows.items()]


def _card(
    label: str, rows: Mapping[str, Sequence[Row]], driver: Driver | None, wiring: BatchWiring
) -> LeaderboardCard:
    """The card of a new entry: training costs from the model cards, the time of a decision from the rows."""
    weights = _weights(driver, wiring)
    costs = Costs() if weights is None else training_costs(weights)
    measured = step_ms([row for of_suite in rows.values() for row in of_suite])
    return LeaderboardCard(
        name=_NO_NAME.sub("_", label).strip("_.-")[:50] or "driver",
        date=datetime.datetime.now(tz=datetime.UTC).date(),
        machine=describe_machine(),
        costs=costs.model_copy(update={"step_ms": measured}),
    )


def _weights(driver: Driver | None, wiring: BatchWiring) -> Mapping[str, str] | None:
    """SHA-256 of the weights that a driver runs, by file; None for one that brings code, or is gone."""
    if driver is None or runs_code(driver.agent):
        return None
    try:
        return wiring.agent_facts(driver.agent, driver.overrides).weights
    except ConfigError:
        return None


def _kept(folder: Path, card: LeaderboardCard) -> LeaderboardCard:
    """The new card with what people wrote into the present one, and with its costs where the new has none."""
    path = card_path(folder, card.name)
    if not path.is_file():
        return card
    present = read_card(path)
    costs = {**present.costs.model_dump(exclude_none=True), **card.costs.model_dump(exclude_none=True)}
    return card.model_copy(update={"about": present.about, "link": present.link, "costs": Costs(**costs)})
