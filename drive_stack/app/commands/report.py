"""``run_sim.py report``: the page of one run, or of several compared."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from drive_stack.report.page import write_report
from drive_stack.report.runs import read_runs

NAME = "report.html"


def report(given: Sequence[str]) -> int:
    """Write the page and say where; returns the exit status."""
    options = _parser().parse_args(given)
    runs = read_runs(options.run)
    path: Path = options.out or options.run[0] / NAME
    write_report(runs, path)
    if unfinished := runs.completeness.words:
        print(unfinished, file=sys.stderr)
    for note in runs.notes:
        print(note, file=sys.stderr)
    print(path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py report",
        description="One HTML page with all inside: who is better, how sure, and why each crash happened.",
        allow_abbrev=False,
    )
    parser.add_argument("run", type=Path, nargs="+", metavar="RUN", help="folders that evaluate wrote")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"default: {NAME} in the first run")
    return parser
