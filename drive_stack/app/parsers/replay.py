"""The options of ``replay``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import (
    IN_PROCESS_HELP,
    CommandParser,
)

HELP = """\
examples:
  python run_sim.py replay runs/evaluate/smoke --episode 2                      the second row, in the viewer
  python run_sim.py replay runs/evaluate/smoke --episode modular:cut_in:100000  by driver, scenario, seed
  python run_sim.py replay runs/evaluate/smoke --episode 2 --headless           is the result the same?
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "replay",
        description="Drive an episode of an evaluation again, exactly as it was, and show it in the viewer: "
        "space pauses, the arrow keys go one step back and forward, j jumps to 3 s before the end.",
        epilog=HELP,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder that evaluate wrote")
    parser.add_argument(
        "--episode",
        required=True,
        metavar="K",
        help="number of the episode's row, from 1, or LABEL:SCENARIO:SEED",
    )
    parser.add_argument(
        "--trust", action="store_true", help="load the agent that RUN names even if it can run code"
    )
    parser.add_argument("--in-process", action="store_true", help=IN_PROCESS_HELP)
    parser.add_argument(
        "--headless", action="store_true", help="open no window and drive as fast as possible"
    )
    parser.add_argument("--record", type=Path, metavar="FILE.mp4", help="write a video of what is shown")
    return parser
