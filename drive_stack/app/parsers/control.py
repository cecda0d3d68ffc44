"""The options of ``control``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import (
    CommandParser,
    add_set_option,
)

HELP = """\
examples:
  python run_sim.py control                                        print the tables
  python run_sim.py control --out runs/control                     also write them, and a figure
  python run_sim.py control --set control.mpc.jerk=0.01            with another weight of the MPC
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "control",
        description="Compare the lateral controllers in closed loop on reference paths, with the dynamics "
        "of the simulated car: as the controllers model it, with a noisy plan, and with "
        "steering that is slower than the controllers assume.",
        epilog=HELP,
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the tables and a figure (default: write no files)"
    )
    add_set_option(parser, "the modular agent's configuration", "such as control.mpc.jerk=0.01")
    return parser
