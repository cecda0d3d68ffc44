"""``run_sim.py report``: an HTML page about one evaluation, or about several compared."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from drive_stack.app.wiring import Wiring
from drive_stack.evaluation.comparison import Comparison
from drive_stack.evaluation.ranking import Order, rank_last
from drive_stack.evaluation.verdict import verdict
from drive_stack.report.page import write_report
from drive_stack.report.runs import read_runs

NAME = "report.html"


def run(args: argparse.Namespace, _: Wiring) -> int:
    """Write the page and print its path; returns the exit status."""
    runs = read_runs(args.run)
    if runs.completeness.text:
        print(verdict(runs.comparison), file=sys.stderr)
    path: Path = args.out or args.run[0] / NAME
    write_report(runs, path)
    for note in runs.notes:
        print(note, file=sys.stderr)
    print(path)
    return _check_ranks(runs.comparison, args.ranks_last) if args.ranks_last else 0


def _check_ranks(comparison: Comparison, last: Sequence[str]) -> int:
    """Print ties and where a driver does not rank last; returns the exit status."""
    ranks = rank_last(comparison, last)
    failed = [rank for rank in ranks if rank.order is Order.NOT_BELOW]
    for rank in (*(rank for rank in ranks if rank.order is Order.BOTH_ZERO), *failed):
        print(f"{'not last' if rank in failed else 'tie'}: {rank.text}")
    families, failing = len({rank.family for rank in ranks}), len({rank.family for rank in failed})
    if failed:
        print(f"{', '.join(last)}: not last in {failing} of {families} families")
        return 1
    print(f"{', '.join(last)}: last in all {families} families")
    return 0
