"""The options of ``report``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import (
    CommandParser,
)

HELP = """\
examples:
  python run_sim.py report runs/evaluate/smoke                  write runs/evaluate/smoke/report.html again
  python run_sim.py report runs/evaluate/standard runs/mine     compare two evaluations
  python run_sim.py report runs/evaluate/smoke --out page.html  write another file
  python run_sim.py report runs/evaluate/frontier --ranks-last constant
      check a paired suite: a driver that ignores the road must not complete as much as others
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "report",
        description="Write one self-contained HTML page about an evaluation, or about several compared: "
        "which agent is better, with what confidence, and why each collision happened.",
        epilog=HELP,
    )
    parser.add_argument(
        "run", type=Path, nargs="+", metavar="RUN", help="folder that evaluate wrote; several are compared"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="file of the page (default: report.html in the first RUN)"
    )
    parser.add_argument(
        "--ranks-last",
        action="append",
        default=[],
        metavar="LABEL",
        help="check that this driver completes fewer shifted courses than every other one in each family "
        "(ties at 0 are allowed), with exit status 1 where it does not; can be repeated",
    )
    return parser
