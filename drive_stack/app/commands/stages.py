"""``run_sim.py stages``: replace each stage by its oracle in turn, to see what the stage costs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from drive_stack.app.batch_run import driving_options, print_failures
from drive_stack.app.options import unique_names
from drive_stack.app.reference_rows import add_shipped_rows
from drive_stack.app.stage_ablation.columns import COLUMNS, EXPERT, Column, columns_named
from drive_stack.app.stage_ablation.report import show_table, write_table
from drive_stack.app.stage_ablation.table import stages_table
from drive_stack.app.wiring import Wiring
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import drive_task
from drive_stack.evaluation.batch.driving import drive_missing
from drive_stack.evaluation.batch.fingerprint import fingerprint, source_hash
from drive_stack.evaluation.batch.pace import announce, build_for
from drive_stack.evaluation.batch.row_file import NAME, RECORDINGS, open_rows, read_rows
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.seeds import SeedSplit, check_episodes, check_one_split, seed_range, split_of

Facts = TypeVar("Facts")


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Drive what is missing, print the table, write it; returns the exit status."""
    out: Path = args.out
    failed = [] if args.report_only else _drive(args, wiring.batch)
    rows = list(read_rows(out).values())
    if not rows:
        raise ConfigError(f"{out / NAME}: holds no rows yet")
    current = _present_hashes(wiring.batch, {row.result.scenario for row in rows})
    table = stages_table(rows, current, order=wiring.batch.scenarios)
    show_table(table, Console(width=None if sys.stdout.isatty() else 110))
    print_failures(failed, out / NAME)
    print("written: " + ", ".join(map(str, write_table(table, out))), file=sys.stderr)
    return 1 if failed else 0


def _drive(args: argparse.Namespace, wiring: BatchWiring) -> list[Row]:
    """Drive what is missing; returns the rows of the requested episodes that report an error."""
    tasks = plan_ablation(
        columns_named(unique_names(args.only) or [column.label for column in COLUMNS]),
        unique_names(args.scenarios) or wiring.scenarios,
        _seeds(args.first_seed, args.seeds),
        wiring,
    )
    if split_of(args.first_seed) is SeedSplit.TEST:
        print("these are test seeds: use them only once, at the very end", file=sys.stderr)
    options, code = driving_options(args), source_hash(wiring.packages)
    with open_rows(args.out, foreign=RECORDINGS) as file:
        experts = [task for task in tasks if task.label == EXPERT]
        add_shipped_rows(experts, file, options, code, wiring.packages)
        missing = options.missing(tasks, file, code)
        return drive_missing(
            tasks,
            file,
            partial(drive_task, wiring.build_agent),
            options,
            code=code,
            current_hash=wiring.hash_of,
            expected=announce(missing, partial(build_for, wiring.build_agent), options),
        )


def plan_ablation(
    columns: Sequence[Column], scenarios: Sequence[str], seeds: Sequence[int], wiring: BatchWiring
) -> list[BatchTask]:
    """Return all episodes, one seed after another.

    In this order an interrupted run has driven all scenarios equally often.

    Raises `ConfigError` for a scenario, a configuration or weights that cannot be used.
    """
    check_episodes(len(scenarios), len(seeds))
    facts = {column.label: wiring.agent_facts(column.agent, column.overrides) for column in columns}
    courses = {scenario: wiring.scenario_facts(scenario) for scenario in scenarios}
    return [
        BatchTask(
            label=column.label,
            agent=column.agent,
            overrides=column.overrides,
            scenario=scenario,
            seed=seed,
            config_hash=fingerprint(facts[column.label], course.content),
            privileged=facts[column.label].privileged,
            uses_camera=facts[column.label].uses_camera,
            world=course.world_name,
        )
        for seed in seeds
        for scenario, course in courses.items()
        for column in columns
    ]


def _present_hashes(wiring: BatchWiring, scenarios: Iterable[str]) -> frozenset[str]:
    """The configuration hashes of all columns and scenarios as they are now; other rows are outdated."""
    facts = [_or_none(partial(wiring.agent_facts, column.agent, column.overrides)) for column in COLUMNS]
    courses = [_or_none(partial(wiring.scenario_facts, scenario)) for scenario in scenarios]
    return frozenset(
        fingerprint(fact, course.content)
        for fact in facts
        for course in courses
        if fact is not None and course is not None
    )


def _or_none(read: Callable[[], Facts]) -> Facts | None:
    """The result of ``read``; None where it raises `ConfigError`."""
    try:
        return read()
    except ConfigError:
        return None


def _seeds(first: int, count: int) -> range:
    seeds = seed_range(first, count)
    check_one_split(seeds)
    return seeds
