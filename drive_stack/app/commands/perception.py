"""``run_sim.py perception``: compare every stage of an agent with the truth while it drives."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from drive_stack.app.episode_processes import measure_episodes
from drive_stack.app.options import unique_names
from drive_stack.app.wiring import Wiring
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.first_estimate import FirstEstimate
from drive_stack.evaluation.batch.wiring import BatchWiring
from drive_stack.evaluation.episodes import EpisodeTask
from drive_stack.evaluation.result import Status
from drive_stack.evaluation.stage_errors.all_tables import stage_tables
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements
from drive_stack.evaluation.stage_errors.report import as_json, markdown, terminal_table
from drive_stack.seeds import check_episodes, check_one_split, seed_range
from drive_stack.support.atomic_files import make_folder, write_atomically


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Drive, print the tables, write them and the figure; returns the exit status."""
    tasks = _tasks(args, wiring.batch)
    make_folder(args.out)
    episodes: list[EpisodeMeasurements] = []
    interrupt: KeyboardInterrupt | None = None
    estimate = FirstEstimate(
        f"{len(tasks)} episodes", len(tasks), _print_note, min_steps=min(args.workers, len(tasks))
    )
    try:
        for episode in measure_episodes(tasks, wiring.batch.build_agent, args.workers):
            episodes.append(episode)
            progress = f"{len(episodes)} of {len(tasks)}: {episode.scenario} {episode.seed}, {episode.status}"
            _print_note(progress)
            estimate.advance()
    except KeyboardInterrupt as error:
        interrupt = error
        print("interrupted: the tables show the episodes driven so far", file=sys.stderr)
    if not episodes:
        raise ConfigError("no episode was driven to its end")
    if not any(episode.stage_ms for episode in episodes):
        raise ConfigError(f"--agent {args.agent}: leaves no trace of its stages that could be measured")
    console = Console(width=None if sys.stdout.isatty() else 140)
    for table in stage_tables(episodes):
        console.print(terminal_table(table))
    _write(episodes, args.out, args.command)
    if interrupt is not None:
        raise interrupt
    return 1 if any(episode.status == Status.ERROR for episode in episodes) else 0


def _print_note(line: str) -> None:
    print(line, file=sys.stderr)


def _tasks(args: argparse.Namespace, wiring: BatchWiring) -> list[EpisodeTask]:
    """The requested episodes; `ConfigError` for scenarios and seeds that cannot be used."""
    seeds = seed_range(args.first_seed, args.seeds)
    check_one_split(seeds)
    scenarios = unique_names(args.scenarios) or wiring.scenarios
    check_episodes(len(scenarios), len(seeds))
    for scenario in scenarios:
        wiring.scenario_facts(scenario)
    return [
        EpisodeTask(scenario, seed, args.agent, tuple(args.set)) for seed in seeds for scenario in scenarios
    ]


def _write(episodes: Sequence[EpisodeMeasurements], out: Path, command: str) -> None:
    from drive_stack.evaluation.stage_errors.figures import write_figure  # noqa: PLC0415 - matplotlib is slow to import

    tables = stage_tables(episodes)
    files = [out / name for name in ("perception.md", "perception.json", "perception.svg")]
    write_atomically(files[0], markdown(tables, episodes, command))
    write_atomically(files[1], as_json(tables, episodes))
    write_figure(episodes, files[2])
    print("written: " + ", ".join(map(str, files)), file=sys.stderr)
