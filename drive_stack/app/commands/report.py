"""``run_sim.py report``: an HTML page about one evaluation, or about several compared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from drive_stack.app.wiring import Wiring
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
    return 0
