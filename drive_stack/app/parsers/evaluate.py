"""The options of ``evaluate``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import (
    CommandParser,
    add_driving_options,
    add_set_option,
    add_trust_options,
)
from drive_stack.evaluation.suite import suites

HELP = """\
examples:
  python run_sim.py evaluate --suite smoke --workers 2                a first look: three short courses
  python run_sim.py evaluate --workers 2                              220 episodes of each driver: standard
  python run_sim.py evaluate --suite ncap --agent examples/mine.yaml  grids of Euro NCAP and UN R157
  python run_sim.py evaluate --suite examples/my_suite.yaml           courses of your own

You can stop the command at any time: run again, it drives only the episodes that --out does not hold yet.
docs/guides/evaluation.md explains suites, scores and rows.
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "evaluate",
        description="Evaluate agents on the same courses. Shows which one is better, by how much and with\n"
        "what confidence, and why each collision happened.",
        epilog=HELP,
    )
    episodes = parser.add_argument_group("what is driven")
    episodes.add_argument(
        "--agent",
        action="append",
        metavar="NAME",
        help="agent to evaluate: a registered name, a configuration file, a policy file or "
        "package.module:Class; can be repeated (default: modular and end_to_end)",
    )
    add_set_option(episodes, "the agent's configuration", "with several agents write NAME:KEY=VALUE")
    episodes.add_argument(
        "--suite",
        default="standard",
        metavar="NAME|FILE",
        help=f"the courses: {', '.join(suites())}, or a file of your own (default: standard)",
    )
    episodes.add_argument(
        "--seeds",
        metavar="A:B",
        help="the seeds from A to B - 1 (default: the suite's own, which are test seeds except for smoke)",
    )
    how = add_driving_options(parser)
    how.add_argument(
        "--inside",
        action="store_true",
        help="afterwards drive the first seed of each scenario again and compare the stages of pipelines "
        "(detection, tracking, lanes, control) with the truth, and policies with the expert on the "
        "expert's drives",
    )
    add_trust_options(how)
    how.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the rows and the report (default: runs/evaluate/SUITE)",
    )
    return parser
