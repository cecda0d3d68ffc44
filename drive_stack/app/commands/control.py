"""``run_sim.py control``: lateral controllers compared on reference paths."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from drive_stack.benchmarks.lateral_control.loop import MakeDynamics
from drive_stack.benchmarks.lateral_control.study import Controllers, study
from drive_stack.benchmarks.lateral_control.tables import LEGEND, markdown_tables, terminal_tables
from drive_stack.interfaces import Platform
from drive_stack.support.atomic_files import make_folder, write_whole

SEED = 100_000  # validation


@dataclass(frozen=True, slots=True)
class Compared:
    """What only the command line knows: the controllers and how the car moves."""

    controllers: Callable[[Platform, Sequence[str]], Controllers]  # with overrides, as a driver's
    dynamics: MakeDynamics
    platform: Platform


def control(given: Sequence[str], compared: Compared) -> int:
    """Drive, print the tables, write them and the figure; returns the exit status."""
    options = _parser().parse_args(given)
    if options.out is not None:
        make_folder(options.out)
    controllers = compared.controllers(compared.platform, options.set)
    results = list(study(controllers, compared.dynamics, compared.platform, SEED))
    console = Console(width=None if sys.stdout.isatty() else 140)
    for table in terminal_tables(results):
        console.print(table)
    console.print(LEGEND)
    if options.out is not None:
        from drive_stack.benchmarks.lateral_control.figure import write_figure  # noqa: PLC0415 - matplotlib is slow to import

        tables, figure = options.out / "control_tables.md", options.out / "control_errors.svg"
        write_whole(tables, markdown_tables(results))
        write_figure(results, figure)
        print(f"written: {tables}, {figure}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py control",
        description="Compare the lateral controllers: closed loop with the car's own dynamics on reference "
        "paths, as modelled, with a noisy plan, and with steering slower than the controllers know.",
        allow_abbrev=False,
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the tables and a figure there")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override modular's configuration, e.g. control.mpc.jerk=0.01",
    )
    return parser
