"""``run_sim.py replay``: drive an episode of an evaluation again, exactly as it was."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drive_stack.agent_spec import grants, is_file, runs_code
from drive_stack.app.commands.drive import DriveSpec, drive
from drive_stack.app.options import positive
from drive_stack.app.wiring import Wiring
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.evaluation.batch.fingerprint import fingerprint, source_hash
from drive_stack.evaluation.batch.repeated import difference
from drive_stack.evaluation.batch.row_file import NAME, read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.run_facts import Driver, read_facts, versions
from drive_stack.scenario_name import ScenarioName


@dataclass(frozen=True, slots=True)
class Replay:
    """An episode to drive again."""

    row: Row
    driver: Driver
    notes: tuple[str, ...]  # what the user should know, such as why the drive may differ


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Drive an episode again and print whether the result is the same; returns the exit status."""
    replay = load_replay(args.run, args.episode, wiring.batch, trusted=args.trust, in_process=args.in_process)
    for note in replay.notes:
        print(f"note: {note}", file=sys.stderr)
    spec = DriveSpec(
        agents=(replay.driver.agent,),
        overrides=tuple(replay.driver.overrides),
        scenario=replay.row.result.scenario,
        seed=replay.row.result.seed,
        trusted=args.trust,
        headless=args.headless,
        record=args.record,
    )
    return drive(
        spec,
        wiring,
        lambda result: print(describe_difference(replay, result)),
        recorded=replay.row.result,
    )


def load_replay(
    folder: Path, episode: str, wiring: BatchWiring, *, trusted: bool = False, in_process: bool = False
) -> Replay:
    """Find an episode of an evaluation and the agent that drove it.

    Args:
        folder: Folder that ``evaluate`` wrote; it may come from anybody.
        episode: Number of its row, from 1, or ``LABEL:SCENARIO:SEED``.
        wiring: Scenarios and agents.
        trusted: Whether an agent that can run code may be loaded.
        in_process: Whether such an agent runs inside the simulator's process. Both come from the command
            line only, whatever the folder says.

    Raises:
        ConfigError: Where there is no such folder or episode, where its agent no longer exists, and where
            the agent can run code and is not ``trusted``.
    """
    rows = list(read_rows(folder).values())
    if not rows:
        raise ConfigError(f"{folder / NAME}: holds no rows")
    row, facts = _find_row(rows, episode, folder), read_facts(folder)
    driver = Driver(agent=row.label)
    if facts is not None and row.label in facts.drivers:
        driver = facts.drivers[row.label]
    if runs_code(driver.agent) and not trusted:
        raise ConfigError(
            f"{folder}: its driver {shortened(row.label)} is {shortened(driver.agent)}, which can run code "
            "as it is loaded; if you know who made it, add --trust"
        )
    granted = tuple(wiring.in_process_overrides(driver.agent)) if in_process else ()
    driver, notes = _with_grants(driver, granted)
    return Replay(
        row, driver, (*_foreign_parts(row, driver, wiring), *notes, *_differences(row, driver, wiring))
    )


def describe_difference(replay: Replay, result: EpisodeResult) -> str:
    """Return one line that says whether the result equals that of the first drive."""
    changed = difference(replay.row.result, result)
    return "replayed bit for bit" if changed is None else f"the replay differs: {changed}"


def _find_row(rows: Sequence[Row], episode: str, folder: Path) -> Row:
    if ":" in episode:
        label, _, rest = episode.partition(":")
        scenario, _, seed = rest.rpartition(":")
        for row in reversed(rows):
            if (row.label, row.result.scenario, str(row.result.seed)) == (label, scenario, seed):
                return row
        raise ConfigError(f"--episode {episode}: {folder} has no such episode (LABEL:SCENARIO:SEED)")
    try:
        number = positive(episode)
    except argparse.ArgumentTypeError as error:
        raise ConfigError(f"--episode {error}") from None
    if number > len(rows):
        raise ConfigError(f"--episode {episode}: {folder} has episodes 1 to {len(rows)}")
    return rows[number - 1]


def _with_grants(driver: Driver, granted: Sequence[str]) -> tuple[Driver, list[str]]:
    """The driver with ``granted`` as its only settings that give code more rights, and notes."""
    in_file = grants(driver.overrides)
    retained = (*(setting for setting in driver.overrides if setting not in in_file), *granted)
    removed = [setting for setting in in_file if setting not in granted]
    notes = [
        f"ignores {shortened(setting)} of the run: only the command line can set it" for setting in removed
    ]
    return driver.model_copy(update={"overrides": retained}), notes


def _foreign_parts(row: Row, driver: Driver, wiring: BatchWiring) -> Iterator[str]:
    """A note for each file that the run names and that does not come with the program."""
    if is_file(driver.agent) or runs_code(driver.agent):
        yield f"loads the driver {shortened(driver.agent)}, as the run says"
    if ScenarioName.parse(row.result.scenario).base not in wiring.scenarios:
        yield f"reads the scenario {shortened(row.result.scenario)}, as the run says"


def _differences(row: Row, driver: Driver, wiring: BatchWiring) -> list[str]:
    """A note for each thing that has changed since the row was driven."""
    notes = []
    facts = wiring.agent_facts(driver.agent, driver.overrides)
    if fingerprint(facts, wiring.scenario_facts(row.result.scenario).content) != row.config_hash:
        notes.append("the driver's configuration, its weights or the scenario have changed since")
    if source_hash(wiring.packages) != row.code_hash:
        notes.append("the code has changed since")
    present = versions()
    for name, old in row.versions.items():
        new = present.get(name, "missing")
        if new != old:
            notes.append(f"{shortened(name)} was {shortened(old)}, and is {new}")
    return notes
