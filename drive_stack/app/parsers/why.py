"""The options of ``why``."""

from __future__ import annotations

import argparse
from pathlib import Path

from drive_stack.app.options import IN_PROCESS_HELP, CommandParser, add_workers_option

HELP = """\
examples:
  python run_sim.py why runs/evaluate/smoke --episode 2                      the second row
  python run_sim.py why runs/evaluate/smoke --episode modular:cut_in:100000  by driver, scenario, seed
  python run_sim.py why runs/evaluate/standard --all --workers 2             every failure, and a table

Explanations are added to why.json in RUN. The report shows them. docs/guides/why.md explains what is tried.
"""
MAX_BEFORE = 60.0  # [s]


def before(text: str) -> float:
    """Read a time of 0.1 to `MAX_BEFORE` [s]."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.1 <= value <= MAX_BEFORE:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of seconds from 0.1 to {MAX_BEFORE:g}")
    return value


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "why",
        description="Explain why a drive of an evaluation failed: repeat it with one thing changed, such as "
        "the oracle of a stage, an image in daylight or the expert's control, and show which change averts "
        "the failure and how late it may come.",
        epilog=HELP,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder that evaluate wrote")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--episode", metavar="K", help="number of the episode's row, from 1, or LABEL:SCENARIO:SEED"
    )
    which.add_argument(
        "--all",
        action="store_true",
        help="explain every failure that why.json does not hold yet, and count the causes of each driver",
    )
    parser.add_argument(
        "--before",
        type=before,
        default=8.0,
        metavar="S",
        help="how long before the failure changes are made at the earliest (default: %(default)g s)",
    )
    add_workers_option(parser)
    parser.add_argument(
        "--trust", action="store_true", help="load the agent that RUN names even if it can run code"
    )
    parser.add_argument("--in-process", action="store_true", help=IN_PROCESS_HELP)
    return parser
