"""``run_sim.py search``: find solvable courses on which a driver fails."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from drive_stack.app.names import names_of
from drive_stack.app.options import seeds_between
from drive_stack.app.search_tables import Progress, print_comparison, print_record, print_space
from drive_stack.app.wiring import Wiring
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.backends import open_process_scheduler
from drive_stack.evaluation.batch.fingerprint import source_hash
from drive_stack.evaluation.batch.row_file import RECORDINGS, open_rows
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.run_facts import Driver, RunFacts, read_facts, write_facts
from drive_stack.falsification.course import CourseFiles
from drive_stack.falsification.drive import EXPERT, drive_course
from drive_stack.falsification.driver import Contestant, PooledDriver
from drive_stack.falsification.optimiser import Method, Optimiser
from drive_stack.falsification.outcome import Trial
from drive_stack.falsification.record import SearchRecord, SearchSetup, write_record
from drive_stack.falsification.results import write_results
from drive_stack.falsification.search import Budget, falsify
from drive_stack.falsification.space import (
    Dimension,
    default_space,
    parse_variation,
    read_space,
    resolve_space,
)
from drive_stack.falsification.tables import comparison_table
from drive_stack.report.gallery import CLIPS
from drive_stack.scenario_keys import ScenarioKey
from drive_stack.scenario_name import unique_stem
from drive_stack.seeds import SeedSplit, check_one_split, split_of
from drive_stack.support.atomic_files import make_folder, remove_parts, write_atomically
from drive_stack.support.interrupts import defer_interrupts

COMPARISON = "comparison.md"
COURSES = "courses"
MAX_SEEDS = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is searched: a scenario's space for failures of a driver."""

    scenario: str
    keys: Mapping[str, ScenarioKey]
    dimensions: tuple[Dimension, ...]
    seeds: range
    contestant: Contestant


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Run the searches, and print and write what they found; returns the exit status."""
    batch = wiring.batch.with_trust(args.trust)
    keys = wiring.scenario_keys(args.scenario)
    dimensions = _dimensions(args, keys, batch)
    console = Console(width=None if sys.stdout.isatty() else 140)
    if args.show_space:
        print_space(args.scenario, dimensions, keys, console)
        return 0
    known = {key.key: key for key in keys}
    problem = Problem(args.scenario, known, dimensions, _seeds(args.seeds), _contestant(args, batch))
    label, stem = problem.contestant.label, unique_stem(args.scenario)
    out: Path = (args.out or wiring.root / "runs" / "search" / stem / unique_stem(label)).resolve()
    records = []
    for random_seed in range(args.search_seed, args.search_seed + args.repeats):
        for method in dict.fromkeys(args.method or ["tpe"]):
            folder = out / f"{method}-{random_seed}"
            record = _search(problem, method, random_seed, args, folder, batch)
            written = write_results(folder, record)
            print_record(record, console)
            print("written: " + ", ".join(map(str, written)), file=sys.stderr)
            records.append(record)
    if len(records) > 1:
        print_comparison(records, console)
        write_atomically(out / COMPARISON, comparison_table(records) + "\n")
    return 1 if any(trial.criticality is None for record in records for trial in record.trials) else 0


def _dimensions(
    args: argparse.Namespace, keys: Sequence[ScenarioKey], batch: BatchWiring
) -> tuple[Dimension, ...]:
    """The search space of a command line, checked against the scenario."""
    varied = dict(map(parse_variation, args.vary))
    if args.space is not None:
        space = read_space(args.space).vary
        resolve_space(args.scenario, space, keys, batch.scenario_facts, str(args.space))
        varied = {**space, **varied}
    elif not varied:
        varied = dict(default_space(args.scenario, keys))
    return resolve_space(args.scenario, varied, keys, batch.scenario_facts)


def _seeds(text: str) -> range:
    seeds = seeds_between(text)
    check_one_split(seeds)
    if split_of(seeds[0]) is SeedSplit.TEST:
        raise ConfigError(
            f"--seeds {text}: are test seeds; a search chooses courses, so take seeds below 200000"
        )
    if len(seeds) > MAX_SEEDS:
        raise ConfigError(f"--seeds {text}: at most {MAX_SEEDS} seeds")
    return seeds


def _contestant(args: argparse.Namespace, batch: BatchWiring) -> Contestant:
    (label,) = names_of([args.agent])
    if label == EXPERT:
        raise ConfigError("--agent expert: is the reference that shows which courses can be passed")
    granted = tuple(batch.in_process_overrides(args.agent)) if args.in_process else ()
    driver = Driver(agent=args.agent, overrides=(*args.set, *granted))
    return Contestant(label, driver, batch.agent_facts(driver.agent, driver.overrides))


def _search(
    problem: Problem,
    method: Method,
    random_seed: int,
    args: argparse.Namespace,
    folder: Path,
    batch: BatchWiring,
) -> SearchRecord:
    """Drive one search, or what is left of it."""
    setup = _setup(problem, method, random_seed, args)
    optimiser = Optimiser(method, problem.dimensions, problem.seeds, random_seed)
    drive = partial(drive_course, batch.build_agent, batch.drive_into_hazard, folder)
    with open_rows(folder, foreign=RECORDINGS) as rows:
        files = _prepare(folder, problem, batch)
        progress = Progress(setup, Console(stderr=True))

        def keep(trials: tuple[Trial, ...]) -> None:
            write_record(folder, SearchRecord(setup, trials))
            progress.on_batch(trials)

        try:
            with open_process_scheduler(
                drive, workers=args.workers, time_limit=float(args.time_limit), keeps_workers=True
            ) as scheduler:
                driver = PooledDriver(
                    problem.contestant,
                    files,
                    rows,
                    scheduler,
                    batch,
                    code=source_hash(batch.packages),
                    listener=progress,
                )
                trials = falsify(optimiser, driver, Budget(args.budget, args.batch), keep)
        except (KeyboardInterrupt, ConfigError):
            with defer_interrupts():  # a second Ctrl-C takes effect after the line
                print(
                    f"{len(rows.rows)} episodes are kept; the same command goes on from there",
                    file=sys.stderr,
                )
            raise
        return SearchRecord(setup, trials)


def _setup(problem: Problem, method: Method, random_seed: int, args: argparse.Namespace) -> SearchSetup:
    """What one search does, for its results."""
    return SearchSetup(
        scenario=problem.scenario,
        label=problem.contestant.label,
        driver=problem.contestant.driver,
        method=method,
        random_seed=random_seed,
        space={dimension.key: str(dimension) for dimension in problem.dimensions},
        seeds=(problem.seeds[0], problem.seeds[-1]),
        courses=args.budget,
        batch=args.batch,
    )


def _prepare(folder: Path, problem: Problem, batch: BatchWiring) -> CourseFiles:
    """Make the folder of a search, and write ``run.json`` for the commands that read its rows."""
    for part in (folder, folder / CLIPS, folder / COURSES):
        make_folder(part)
        remove_parts(part, "")  # of runs that were killed while they wrote
    label, driver = problem.contestant.label, problem.contestant.driver
    before = read_facts(folder)
    if before is not None and before.drivers.get(label) != driver:
        raise ConfigError(f"{folder}: holds a search for failures of another driver; use another --out")
    facts = RunFacts(
        suite=f"search of {problem.scenario}",
        scenarios=(),
        first_seed=problem.seeds[0],
        seeds=len(problem.seeds),
        drivers={EXPERT: Driver(agent=EXPERT), label: driver},
    )
    write_facts(folder, facts)
    scenario = batch.scenario_facts(problem.scenario)
    return CourseFiles(
        folder / COURSES, problem.scenario, scenario.content, scenario.world_name, problem.keys
    )
