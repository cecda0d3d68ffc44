"""The options of ``collect``."""

from __future__ import annotations

import argparse
from pathlib import Path

from drive_stack.app.options import (
    SCENARIOS_HELP,
    TRUST_HELP,
    CommandParser,
    add_set_option,
    add_workers_option,
    episode_count,
    positive,
    seed,
)

HELP = """\
examples:
  python run_sim.py collect --seeds 10 --out runs/recordings/plain
      the expert drives
  python run_sim.py collect --seeds 10 --out runs/recordings/perturbed --perturb
      the expert drives and is perturbed now and then
  python run_sim.py collect --seeds 5 --out runs/recordings/dagger1 --driver end_to_end --expert-fraction 0.3
      the policy drives, the expert drives in 30 % of the segments and labels every step
  python run_sim.py collect --seeds 2 --out runs/recordings/offset_start --suite offset_start
      the expert starts off the lane centre and at an angle to the lane
  python run_sim.py collect --repair --out runs/recordings/plain
      record again what is damaged

You can stop the command at any time and run it again: it continues where it stopped.
docs/guides/recordings.md describes the columns.
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "collect",
        description="Record drives to learn from. Each recorded step holds the observation, what the\n"
        "expert would do, and the true state of the world.",
        epilog=HELP,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the recordings")
    parser.add_argument(
        "--scenarios",
        default="all",
        metavar="A,B",
        help=SCENARIOS_HELP,
    )
    parser.add_argument(
        "--suite",
        metavar="NAME|FILE",
        help="record the courses of this suite instead of --scenarios, such as offset_start",
    )
    parser.add_argument(
        "--seeds",
        type=episode_count,
        default=10,
        metavar="N",
        help="number of seeds of each scenario (default: 10)",
    )
    parser.add_argument(
        "--first-seed",
        type=seed,
        default=0,
        metavar="SEED",
        help="first seed of each scenario (default: 0, a training seed)",
    )
    parser.add_argument(
        "--every", type=positive, default=2, metavar="K", help="record every K-th step (default: 2)"
    )
    parser.add_argument("--perturb", action="store_true", help="perturb the drives now and then")
    parser.add_argument(
        "--driver",
        metavar="NAME",
        help="agent that drives while the expert only says what it would do (default: the expert drives)",
    )
    parser.add_argument(
        "--expert-fraction",
        type=_fraction,
        default=0.0,
        metavar="FRACTION",
        help="with --driver: fraction of the time, 0 to 1, in which the expert drives instead (default: 0)",
    )
    add_set_option(parser, "the driver's configuration")
    parser.add_argument("--trust", action="store_true", help=TRUST_HELP)
    parser.add_argument(
        "--repair",
        action="store_true",
        help="record again the drives in --out that are missing or corrupt, with the settings of its "
        "manifest; corrupt files are renamed, not deleted",
    )
    add_workers_option(parser, default=2)
    return parser


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1")
    return value
