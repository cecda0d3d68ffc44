"""The options of ``reference``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import CommandParser, add_driving_options, positive
from drive_stack.app.reference_sets import SETS

HELP = """\
examples:
  python run_sim.py reference --workers 2              make all rows that do not fit any more
  python run_sim.py reference smoke --workers 2        only those of the suite smoke
  python run_sim.py reference --check 5                drive five of them again, and compare

You can stop the command at any time: run again, it drives only what is missing.
docs/guides/evaluation.md explains when a row fits.
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "reference",
        description="Make the expert's rows that come with the program, so that evaluate need not drive the "
        "expert. Drives only the courses whose row does not fit the present code, scenario or settings.",
        epilog=HELP,
    )
    sets = "; ".join(f"{each.name}: {each.what}" for each in SETS)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"what to drive (default: all). {sets}")
    parser.add_argument(
        "--check",
        type=positive,
        metavar="N",
        help="change no file: drive N of the rows that fit again, and say whether they are equal bit for bit",
    )
    parser.add_argument(
        "--work",
        type=Path,
        metavar="DIR",
        help="folder of the rows that are driven (default: runs/reference)",
    )
    add_driving_options(parser)
    return parser
