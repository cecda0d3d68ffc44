"""``run_sim.py perception``: every stage of a driver against the truth, closed loop."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from drive_stack.app.episode_processes import Task, measured
from drive_stack.app.options import episode_count, seed, worker_count
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.drive import AgentBuilder
from drive_stack.evaluation.result import Status
from drive_stack.evaluation.stage_errors.all_tables import stage_tables
from drive_stack.evaluation.stage_errors.observer import EpisodeMeasurements
from drive_stack.evaluation.stage_errors.report import as_json, markdown, terminal_table
from drive_stack.seeds import check_episodes, seed_range
from drive_stack.support.atomic_files import make_folder, write_whole

SPLIT = 100_000  # seeds of training, validation and test, each so many

HELP = """\
examples:
  python run_sim.py perception --scenarios jam_tail,cruise         one seed of each, a minute
  python run_sim.py perception --seeds 3 --workers 2               the whole catalogue
  python run_sim.py perception --set tracking.tracker=oracle       how well the rest does with true tracks
"""


@dataclass(frozen=True, slots=True)
class Outside:
    """What only the command line knows: the worlds and the drivers."""

    scenarios: Sequence[str]  # the catalogue
    check: Callable[[str], object]  # raises `ConfigError` for a scenario that cannot be read
    build: AgentBuilder  # importable by name, for worker processes


def perception(given: Sequence[str], outside: Outside, root: Path) -> int:
    """Drive, print the tables, write them and the figure; returns the exit status."""
    options = _parser(root).parse_args(given)
    seeds = seed_range(options.first_seed, options.seeds)
    if seeds[0] // SPLIT != seeds[-1] // SPLIT:
        raise ConfigError(f"seeds {seeds[0]}–{seeds[-1]} lie in two of training, validation and test")
    scenarios = _names(options.scenarios, outside.scenarios)
    check_episodes(len(scenarios), len(seeds))
    for scenario in scenarios:
        outside.check(scenario)
    tasks = [
        Task(options.agent, tuple(options.set), scenario, seed) for seed in seeds for scenario in scenarios
    ]
    make_folder(options.out)
    episodes: list[EpisodeMeasurements] = []
    broken_off: KeyboardInterrupt | None = None
    try:
        for episode in measured(tasks, outside.build, options.workers):
            episodes.append(episode)
            done = f"{len(episodes)} of {len(tasks)}: {episode.scenario} {episode.seed}, {episode.status}"
            print(done, file=sys.stderr)
    except KeyboardInterrupt as interrupt:
        broken_off = interrupt
        print("broken off: what was driven is told", file=sys.stderr)
    if not episodes:
        raise ConfigError("nothing was driven to its end")
    if not any(episode.stage_ms for episode in episodes):
        raise ConfigError(f"--agent {options.agent}: leaves no trace of its stages that could be measured")
    console = Console(width=None if sys.stdout.isatty() else 140)
    for table in stage_tables(episodes):
        console.print(terminal_table(table))
    _write(episodes, options.out, " ".join(["python run_sim.py perception", *given]))
    if broken_off is not None:
        raise broken_off
    return 1 if any(episode.status == Status.ERROR for episode in episodes) else 0


def _write(episodes: Sequence[EpisodeMeasurements], out: Path, command: str) -> None:
    from drive_stack.evaluation.stage_errors.figures import write_figure  # noqa: PLC0415 - matplotlib is slow to import

    tables = stage_tables(episodes)
    files = [out / name for name in ("perception.md", "perception.json", "perception.svg")]
    write_whole(files[0], markdown(tables, episodes, command))
    write_whole(files[1], as_json(tables, episodes))
    write_figure(episodes, files[2])
    print("written: " + ", ".join(map(str, files)), file=sys.stderr)


def _names(text: str, catalogue: Sequence[str]) -> Sequence[str]:
    """Names between commas, each once, or the whole catalogue."""
    if text == "all":
        return catalogue
    names = [name.strip() for name in text.split(",")]
    if "" in names:
        raise ConfigError(f"'{text}': expected names between commas, or all")
    return list(dict.fromkeys(names))


def _parser(root: Path) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py perception",
        description="Drive, and compare what every stage said with the truth of the same frame: lifting,\n"
        "tracking (HOTA, IDF1, speeds by age), lanes, prediction, control, time.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what is driven")
    what.add_argument(
        "--agent", default="modular", metavar="NAME", help="one that leaves a trace (default: modular)"
    )
    what.add_argument("--scenarios", default="all", metavar="A,B", help="names or files (default: all)")
    what.add_argument(
        "--seeds", type=episode_count, default=1, metavar="N", help="of each scenario (default: 1)"
    )
    what.add_argument(
        "--first-seed", type=seed, default=100_000, metavar="SEED", help="default: 100000, validation"
    )
    what.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override the agent's configuration; repeatable",
    )
    how = parser.add_argument_group("how")
    how.add_argument("--workers", type=worker_count, default=1, metavar="N", help="processes (default: 1)")
    how.add_argument(
        "--out",
        type=Path,
        default=root / "runs" / "perception",
        metavar="DIR",
        help="default: runs/perception",
    )
    return parser
