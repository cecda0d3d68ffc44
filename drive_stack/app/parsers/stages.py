"""The options of ``stages``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import (
    CommandParser,
    add_course_options,
    add_driving_options,
)
from drive_stack.app.stage_ablation.columns import COLUMNS
from drive_stack.support.layout import project_folder

HELP = """\
examples:
  python run_sim.py stages --seeds 2 --only expert,modular      a first look: 38 courses, two drivers
  python run_sim.py stages --seeds 10 --workers 2               everything: 25 times as many episodes
  python run_sim.py stages --report-only                        the table of what has been driven so far

You can stop the command at any time: run again, it drives only the episodes that --out does not hold yet.
After a change to a configuration, a scenario or weights, it drives the affected episodes again.
docs/guides/evaluation.md explains the table and the rows.
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "stages",
        description="Drive each scenario with the expert, with the modular agent, and with the modular\n"
        "agent in which one stage, or every stage, is replaced by its oracle. Where an oracle\n"
        "helps, improving that stage pays.",
        epilog=HELP,
    )
    episodes = parser.add_argument_group("what is driven")
    add_course_options(episodes, seeds=10)
    labels = ", ".join(column.label for column in COLUMNS)
    episodes.add_argument(
        "--only",
        "--columns",
        default="all",
        metavar="A,B",
        help=f"columns to drive, of {labels} (default: all)",
    )
    how = add_driving_options(parser)
    how.add_argument(
        "--out",
        type=Path,
        default=project_folder() / "runs" / "stages",
        metavar="DIR",
        help="folder of the rows and the table (default: runs/stages)",
    )
    how.add_argument(
        "--report-only", action="store_true", help="drive nothing and show the table of what has been driven"
    )
    return parser
