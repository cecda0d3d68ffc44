"""The options of ``leaderboard``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import CommandParser, add_set_option
from drive_stack.support.layout import project_folder

HELP = """\
examples:
  python run_sim.py leaderboard                            write the page from the files that are there
  python run_sim.py leaderboard --add runs/evaluate/standard --label modular     enter a driver of a run
  python run_sim.py leaderboard --add runs/evaluate/standard --label mine --set costs.data_minutes=90

Without --label, all drivers of the runs are entered. docs/leaderboard.md shows the result.
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "leaderboard",
        description="Write the leaderboard's page: drivers on the suites standard and frontier with "
        "intervals, what each one cost, and probes of copied driving. First enter drivers of finished runs.",
        epilog=HELP,
    )
    parser.add_argument(
        "--add",
        type=Path,
        action="append",
        default=[],
        metavar="RUN",
        help="folder of a finished run of evaluate on standard, frontier or recovery; can be repeated",
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME",
        help="with --add: label of a driver of the runs to enter; can be repeated (default: all)",
    )
    add_set_option(parser, "the cards that --add writes")
    parser.add_argument(
        "--folder",
        type=Path,
        default=project_folder() / "docs" / "leaderboard",
        metavar="DIR",
        help="folder of cards and rows (default: docs/leaderboard)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=project_folder() / "docs" / "leaderboard.md",
        metavar="FILE",
        help="the page (default: docs/leaderboard.md)",
    )
    return parser
