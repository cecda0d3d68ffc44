"""The options of ``perception``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import (
    CommandParser,
    add_course_options,
    add_set_option,
    add_workers_option,
)
from drive_stack.support.layout import project_folder

HELP = """\
examples:
  python run_sim.py perception --scenarios jam_tail,cruise         one seed of two scenarios
  python run_sim.py perception --seeds 3 --workers 2               all scenarios
  python run_sim.py perception --set tracking.tracker=oracle       how the other stages do with true tracks
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "perception",
        description="Drive, and compare the output of every stage with the truth of the same frame:\n"
        "lifting, tracking (HOTA, IDF1, speed errors by track age), lanes, prediction,\n"
        "control and computing time.",
        epilog=HELP,
    )
    episodes = parser.add_argument_group("what is driven")
    episodes.add_argument(
        "--agent",
        default="modular",
        metavar="NAME",
        help="agent that records a trace of its stages (default: modular)",
    )
    add_course_options(episodes, seeds=1)
    add_set_option(episodes, "the agent's configuration")
    how = parser.add_argument_group("how it is driven")
    add_workers_option(how)
    how.add_argument(
        "--out",
        type=Path,
        default=project_folder() / "runs" / "perception",
        metavar="DIR",
        help="folder of the tables and the figure (default: runs/perception)",
    )
    return parser
