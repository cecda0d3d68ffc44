"""``run_sim.py control``: compare the lateral controllers on reference paths."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from drive_stack.app.wiring import Wiring
from drive_stack.benchmarks.lateral_control.study import study
from drive_stack.benchmarks.lateral_control.tables import LEGEND, markdown_tables, terminal_tables
from drive_stack.seeds import SeedSplit
from drive_stack.support.atomic_files import make_folder, write_atomically

SEED = SeedSplit.VALIDATION.first


def run(args: argparse.Namespace, wiring: Wiring) -> int:
    """Drive, print the tables, write them and the figure; returns the exit status."""
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
