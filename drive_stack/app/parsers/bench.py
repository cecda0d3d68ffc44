"""The options of ``bench``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import (
    CommandParser,
)

HELP = """\
examples:
  python run_sim.py bench                          print the table
  python run_sim.py bench --json --out runs/bench  also write table, figure and JSON
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "bench",
        description="Measure the speed of traffic, environment, camera, detector and closed loop next to "
        "that of highway-env, Panda3D alone and ultralytics. Takes 6 to 8 minutes on two cores. "
        "Compare the ratios, not the rates: machines differ, and their speed varies.",
        epilog=HELP,
    )
    parser.add_argument(
        "--json", action="store_true", help="print the results as one line of JSON at the end"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the table, JSON and a figure (default: write no files)",
    )
    return parser
