"""``run_sim.py replay``: an episode of a run, driven again as it was."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from drive_stack.agent_spec import grants, is_file, runs_code
from drive_stack.app.options import IN_PROCESS_HELP, positive
from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.evaluation.batch.fingerprint import code_state, fingerprint
from drive_stack.evaluation.batch.row_file import NAME, read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.evaluation.run_facts import Driver, read_facts, versions
from drive_stack.scenario_name import without_keys

# these differ from run to run, or are measured by another drive, the expert's
ELSEWHERE = ("stages_ms", "progress_of_expert", "scores")


@dataclass(frozen=True, slots=True)
class Replay:
    """An episode to drive again."""

    row: Row
    driver: Driver
    notes: tuple[str, ...]  # why it may go another way


def replay_of(
    run: Path, episode: str, wiring: BatchWiring, *, trusted: bool = False, in_process: bool = False
) -> Replay:
    """Raises `ConfigError` where there is no such run or episode, or its driver is no longer there.

    ``episode`` is a row's number from 1, or ``label:scenario:seed``. A driver that can run code is loaded
    only where the run is ``trusted``: the folder may come from anybody. ``trusted`` and ``in_process`` come
    from the command line, whatever the run says.
    """
    rows = list(read_rows(run).values())
    if not rows:
        raise ConfigError(f"{run / NAME}: holds no rows")
    row, facts = _named(rows, episode, run), read_facts(run)
    driver = Driver(agent=row.label)
    if facts is not None and row.label in facts.drivers:
        driver = facts.drivers[row.label]
    if runs_code(driver.agent) and not trusted:
        raise ConfigError(
            f"{run}: its driver {shortened(row.label)} is {shortened(driver.agent)}, which can run code "
            "as it is loaded; if you know who made it, add --trust"
        )
    driver, notes = _as_granted(
        driver, tuple(wiring.in_process_overrides(driver.agent)) if in_process else ()
    )
    return Replay(row, driver, (*_loaded(row, driver, wiring), *notes, *_differences(row, driver, wiring)))


def told(replay: Replay, result: EpisodeResult) -> str:
    """Whether it went as it had gone, in a line."""
    now, then = json.loads(result.to_json()), json.loads(replay.row.result.to_json())
    changed = [name for name in then if name not in ELSEWHERE and now[name] != then[name]]
    if not changed:
        return "replayed bit for bit"
    what = ", ".join(f"{name} {then[name]} → {now[name]}" for name in changed[:4] if name != "error")
    return f"it went another way: {what}" + (f" and {len(changed) - 4} more" if len(changed) > 4 else "")


def replay_parser() -> argparse.ArgumentParser:
    """Options of the command."""
    parser = argparse.ArgumentParser(
        prog="run_sim.py replay",
        description="Open an episode of an evaluation in the viewer, exactly as it was: space pauses, "
        "the right arrow goes step by step.",
        allow_abbrev=False,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder that evaluate wrote")
    parser.add_argument(
        "--episode", required=True, metavar="K", help="number of its row, from 1, or LABEL:SCENARIO:SEED"
    )
    parser.add_argument(
        "--trust", action="store_true", help="load the driver that the run names though it can run code"
    )
    parser.add_argument("--in-process", action="store_true", help=IN_PROCESS_HELP)
    parser.add_argument("--headless", action="store_true", help="no window; as fast as it goes")
    parser.add_argument("--record", type=Path, metavar="FILE.mp4", help="write a video of what is shown")
    return parser


def _named(rows: Sequence[Row], episode: str, run: Path) -> Row:
    if ":" in episode:
        label, _, rest = episode.partition(":")
        scenario, _, seed = rest.rpartition(":")
        for row in reversed(rows):
            if (row.label, row.result.scenario, str(row.result.seed)) == (label, scenario, seed):
                return row
        raise ConfigError(f"--episode {episode}: {run} has no such episode (LABEL:SCENARIO:SEED)")
    try:
        number = positive(episode)
    except argparse.ArgumentTypeError as error:
        raise ConfigError(f"--episode {error}") from None
    if number > len(rows):
        raise ConfigError(f"--episode {episode}: {run} has episodes 1 to {len(rows)}")
    return rows[number - 1]


def _as_granted(driver: Driver, granted: Sequence[str]) -> tuple[Driver, list[str]]:
    """The driver with ``granted`` as the only settings that let its code get further; what was left out."""
    said = grants(driver.overrides)
    kept = (*(one for one in driver.overrides if one not in said), *granted)
    left_out = [one for one in said if one not in granted]
    notes = [f"the run says {shortened(one)}, which only the command line can say" for one in left_out]
    return driver.model_copy(update={"overrides": kept}), notes


def _loaded(row: Row, driver: Driver, wiring: BatchWiring) -> Iterator[str]:
    """What the run names that does not come with the program."""
    if is_file(driver.agent) or runs_code(driver.agent):
        yield f"loads the driver {shortened(driver.agent)}, as the run says"
    if without_keys(row.result.scenario)[0] not in wiring.scenarios:
        yield f"reads the scenario {shortened(row.result.scenario)}, as the run says"


def _differences(row: Row, driver: Driver, wiring: BatchWiring) -> list[str]:
    """What is not as it was when the row was driven."""
    notes = []
    found = wiring.agent_facts(driver.agent, driver.overrides)
    if fingerprint(found, wiring.scenario_facts(row.result.scenario).content) != row.config_hash:
        notes.append("the driver's configuration, its weights or the scenario changed since")
    if code_state(wiring.packages) != row.code_hash:
        notes.append("the code changed since")
    present = versions()
    for name, then in row.versions.items():
        now = present.get(name, "missing")
        if now != then:
            notes.append(f"{shortened(name)} was {shortened(then)}, and is {now}")
    return notes
