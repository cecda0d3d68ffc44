"""The options of ``demo``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import CommandParser

HELP = """\
examples:
  python run_sim.py demo                         watch the race in a window
  python run_sim.py demo --record demo.mp4       watch it, and record it with its captions
  python run_sim.py demo --headless              print the story only

configs/demo.yaml lists the drivers and the courses. docs/guides/demo.md explains the captions.
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "demo",
        description="Show a race in which one driver completes a course and the other does not. Captions "
        "tell what happens, and the verdict where, why and at what price. Without a display, the race is "
        "recorded as a video.",
        epilog=HELP,
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="write a video, such as demo.mp4")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="drivers and courses (default: configs/demo.yaml)"
    )
    parser.add_argument(
        "--headless", action="store_true", help="open no window; without --record, print the story only"
    )
    return parser
