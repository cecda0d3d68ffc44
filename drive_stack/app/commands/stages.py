"""``run_sim.py stages``: what each stage costs, by replacing it with its oracle."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from drive_stack.app.batch_run import add_driving_options, driving_options, print_failures
from drive_stack.app.options import episode_count, seed
from drive_stack.app.stage_ablation.columns import COLUMNS, Column, columns_named
from drive_stack.app.stage_ablation.report import show_table, write_table
from drive_stack.app.stage_ablation.table import stages_table
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.driving import drive_missing
from drive_stack.evaluation.batch.fingerprint import code_state, fingerprint
from drive_stack.evaluation.batch.row_file import NAME, RECORDINGS, open_rows, read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.scenario_name import split_names
from drive_stack.seeds import check_episodes, seed_range

Read = TypeVar("Read")

SPLIT = 100_000  # seeds of training, validation and test, each so many

HELP = """\
examples:
  python run_sim.py stages --seeds 2 --only expert,modular      a first look, some minutes
  python run_sim.py stages --seeds 10 --workers 2               all of it, hours: break it off when you like
  python run_sim.py stages --report-only                        the table of what has been driven so far

The same command drives only what is missing in --out; after a change to a configuration, a scenario or
weights it drives again what that touches. docs/evaluation.md explains the table and the rows.
"""


def stages(given: Sequence[str], wiring: BatchWiring, root: Path) -> int:
    """Drive what is missing, print the table, write it; returns the exit status."""
    options = _parser(root).parse_args(given)
    out: Path = options.out
    failed = [] if options.report_only else _drive(options, wiring)
    rows = list(read_rows(out).values())
    if not rows:
        raise ConfigError(f"{out / NAME}: holds no rows yet")
    current = _current(wiring, {row.result.scenario for row in rows})
    table = stages_table(rows, current, order=wiring.scenarios)
    show_table(table, Console(width=None if sys.stdout.isatty() else 110))
    print_failures(failed, out / NAME)
    print("written: " + ", ".join(map(str, write_table(table, out))), file=sys.stderr)
    return 1 if failed else 0


def _drive(options: argparse.Namespace, wiring: BatchWiring) -> list[Row]:
    """Drive what is missing; the rows of what was asked for that tell of a failure."""
    tasks = plan(
        columns_named(_names(options.only) or [column.label for column in COLUMNS]),
        _names(options.scenarios) or wiring.scenarios,
        _seeds(options.first_seed, options.seeds),
        wiring,
    )
    if options.first_seed >= 2 * SPLIT:
        print("these are test seeds: to be looked at once, at the end", file=sys.stderr)
    with open_rows(options.out, foreign=RECORDINGS) as file:
        return drive_missing(
            tasks,
            file,
            partial(drive_task, wiring.build_agent),
            driving_options(options),
            code=code_state(wiring.packages),
            hash_now=wiring.hash_of,
        )


def plan(
    columns: Sequence[Column], scenarios: Sequence[str], seeds: Sequence[int], wiring: BatchWiring
) -> list[EpisodeTask]:
    """All episodes, one seed after another, so that a run broken off has driven every scenario alike.

    Raises `ConfigError` for a scenario, a configuration or weights that cannot be used.
    """
    check_episodes(len(scenarios), len(seeds))
    facts = {column.label: wiring.agent_facts(column.agent, column.overrides) for column in columns}
    courses = {scenario: wiring.scenario_facts(scenario) for scenario in scenarios}
    return [
        EpisodeTask(
            label=column.label,
            agent=column.agent,
            overrides=column.overrides,
            scenario=scenario,
            seed=seed,
            config_hash=fingerprint(facts[column.label], course.content),
            privileged=facts[column.label].privileged,
            camera=facts[column.label].looks,
            world=course.world_name,
        )
        for seed in seeds
        for scenario, course in courses.items()
        for column in columns
    ]


def _current(wiring: BatchWiring, scenarios: Iterable[str]) -> frozenset[str]:
    """Hashes of everything as it is now; rows with others were driven before some change."""
    facts = [_if_any(partial(wiring.agent_facts, column.agent, column.overrides)) for column in COLUMNS]
    courses = [_if_any(partial(wiring.scenario_facts, scenario)) for scenario in scenarios]
    return frozenset(
        fingerprint(fact, course.content)
        for fact in facts
        for course in courses
        if fact is not None and course is not None
    )


def _if_any(read: Callable[[], Read]) -> Read | None:
    """What is read; None where it is no longer there, or cannot be used."""
    try:
        return read()
    except ConfigError:
        return None


def _names(text: str) -> list[str]:
    """Names between commas, each once; none for ``all``."""
    names = [] if text == "all" else split_names(text)
    if "" in names:
        raise ConfigError(f"'{text}': expected names between commas, or all")
    return list(dict.fromkeys(names))


def _seeds(first: int, count: int) -> range:
    seeds = seed_range(first, count)
    if seeds[0] // SPLIT != seeds[-1] // SPLIT:
        raise ConfigError(f"seeds {seeds[0]}–{seeds[-1]} lie in two of training, validation and test")
    return seeds


def _parser(root: Path) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py stages",
        description="Scenario by scenario: the expert, the modular driver, and the modular driver with each\n"
        "stage replaced by its oracle in turn, and all of them: where that helps, mending the stage pays.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what is driven")
    what.add_argument("--scenarios", default="all", metavar="A,B", help="names or files (default: all)")
    what.add_argument(
        "--seeds", type=episode_count, default=10, metavar="N", help="of each scenario (default: 10)"
    )
    what.add_argument(
        "--first-seed", type=seed, default=100_000, metavar="SEED", help="default: 100000, validation"
    )
    labels = ", ".join(column.label for column in COLUMNS)
    what.add_argument(
        "--only", "--columns", default="all", metavar="A,B", help=f"of the columns {labels} (default: all)"
    )
    how = add_driving_options(parser)
    how.add_argument(
        "--out", type=Path, default=root / "runs" / "stages", metavar="DIR", help="default: runs/stages"
    )
    how.add_argument("--report-only", action="store_true", help="drive nothing; the table of what is there")
    return parser
