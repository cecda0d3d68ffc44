"""``run_sim.py report``: an HTML page about one evaluation, or about several compared."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from drive_stack.app.wiring import Wiring
from drive_stack.evaluation.verdict import verdict
from drive_stack.report.page import write_report
from drive_stack.report.runs import read_runs

NAME = "report.html"


def run(arguments: Sequence[str], _: Wiring) -> int:
    """Write the page and print its path; returns the exit status."""
    args = _parser().parse_args(arguments)
    runs = read_runs(args.run)
    if runs.completeness.text:
        print(verdict(runs.comparison), file=sys.stderr)
    path: Path = args.out or args.run[0] / NAME
    write_report(runs, path)
    for note in runs.notes:
        print(note, file=sys.stderr)
    print(path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run_sim.py report",
        description="Write one self-contained HTML page about an evaluation, or about several compared: "
        "which agent is better, with what confidence, and why each collision happened.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "run", type=Path, nargs="+", metavar="RUN", help="folder that evaluate wrote; several are compared"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=f"file of the page (default: {NAME} in the first RUN)"
    )
    return parser
