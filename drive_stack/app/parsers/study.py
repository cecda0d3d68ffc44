"""The options of ``study``."""

from __future__ import annotations

import argparse
from pathlib import Path

from drive_stack.app.options import CommandParser, add_backend_options, add_workers_option

STAGES = ("plan", "record", "train", "evaluate", "predict", "report", "install")
MAX_HOURS = 10_000.0
HELP = """\
examples:
  python run_sim.py study plan                                  the hours of each part; does nothing
  python run_sim.py study                                       everything that is missing
  python run_sim.py study --quick                               a small study that only shows that it works
  python run_sim.py study train --only modular:4000:0           one training
  python run_sim.py study evaluate --only 'end_to_end:*:0'      all sizes of one seed
  python run_sim.py study --tables docs/study --hours 2         two hours, on top of what is committed
  python run_sim.py study report --tables docs/study            the report from committed rows alone
  python run_sim.py study install --only affordances:64000:0    its network drives `--agent affordances`

You can stop the command at any time: run again, it continues where it stopped.
docs/study/running.md says how long it takes, and docs/study/protocol.md what is studied.
"""


def _hours(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value <= MAX_HOURS:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of hours up to {MAX_HOURS:g}")
    return value


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "study",
        description="Run the data-scaling study: how much data would change the answer? Records one pool of "
        "drives, trains every arm on nested subsets of it, drives the same courses with each, and writes a "
        "report with the amount of data at which one arm overtakes the other.",
        epilog=HELP,
    )
    parser.add_argument(
        "stage",
        nargs="?",
        choices=STAGES,
        help="do only this part; plan: print the hours of each part, and do nothing; install: copy the "
        "network of the training that --only names to where its agent loads it (default: record to report, "
        "size after size of each seed; the largest size is trained after its prediction)",
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="plan of the study (default: configs/study.yaml)"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ARM:SIZE:SEED",
        help="train and evaluate only these; each part may be *; can be repeated",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="the plan of configs/study_quick.yaml: 2 sizes, 1 seed, 8 courses",
    )
    parser.add_argument(
        "--work",
        type=Path,
        metavar="DIR",
        help="folder of recordings, trainings, drives and report (default: runs/ and the plan's name)",
    )
    parser.add_argument(
        "--tables",
        type=Path,
        metavar="DIR",
        help="folder of what is committed: tables of trainings and drives, prediction, list of episodes, "
        "weights of the reference students. What it holds is not done again (default: tables in --work)",
    )
    parser.add_argument(
        "--hours",
        type=_hours,
        metavar="H",
        help="without a stage: begin no size of a seed that would end later than this",
    )
    parser.add_argument(
        "--accept-differences",
        action="store_true",
        help="go on if an episode that is recorded again differs from the committed list, as it may on "
        "another kind of processor; the row of each training has the number of such episodes",
    )
    add_workers_option(parser, default=2)
    add_backend_options(parser)
    return parser
