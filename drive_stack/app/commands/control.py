"""``run_sim.py control``: compare the lateral controllers on reference paths."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from drive_stack.app.wiring import Wiring
from drive_stack.benchmarks.lateral_control.study import study
from drive_stack.benchmarks.lateral_control.tables import LEGEND, markdown_tables, terminal_tables
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import make_folder, write_atomically

SEED = SeedSplit.VALIDATION.first


def run(arguments: Sequence[str], wiring: Wiring) -> int:
    """Drive, print the tables, write them and the figure; returns the exit status."""
    args = _parser().parse_args(arguments)
    if args.out is not None:
        make_folder(args.out)
    parts = wiring.control()
    controllers = parts.controllers(parts.platform, args.set)
    results = list(study(controllers, parts.dynamics, parts.platform, SEED))
    console = Console(width=None if sys.stdout.isatty() else 140)
    for table in terminal_tables(results):
        console.print(table)
    console.print(LEGEND)
    if args.out is not None:
        from drive_stack.benchmarks.lateral_control.figure import write_figure  # noqa: PLC0415 - matplotlib is slow to import

        tables, figure = args.out / "control_tables.md", args.out / "control_errors.svg"
        write_atomically(tables, markdown_tables(results))
        write_figure(results, figure)
        print(f"written: {tables}, {figure}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py control",
        description="Compare the lateral controllers in closed loop on reference paths, with the dynamics "
        "of the simulated car: as the controllers model it, with a noisy plan, and with "
        "steering that is slower than the controllers assume.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the tables and a figure (default: write no files)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a value of the modular agent's configuration, such as control.mpc.jerk=0.01; can be "
        "repeated",
    )
    return parser
