"""The options of ``site``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import CommandParser

HELP = """\
examples:
  python run_sim.py site                        write docs/site/index.html from the rows and films that exist
  python run_sim.py site --film                 drive and record the films that are missing before
  python run_sim.py site --tables runs/data_scaling/tables --out runs/lesson    a preview with other rows

Sections whose rows do not exist say so in one sentence. configs/site.yaml lists the films.
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "site",
        description="Write the lesson 'Pipeline or end to end?': a page with films, the learning curves of "
        "the study, shifted courses and a calculator, made from committed rows and films alone.",
        epilog=HELP,
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="films and folders (default: configs/site.yaml)"
    )
    parser.add_argument("--film", action="store_true", help="record the films that are missing")
    parser.add_argument(
        "--tables",
        type=Path,
        metavar="DIR",
        help="folder of the study's tables (default: that of the configuration)",
    )
    parser.add_argument(
        "--shifted",
        type=Path,
        metavar="DIR",
        help="folder of the leaderboard's entries (default: that of the configuration)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the page (default: docs/site)")
    return parser
