"""The options of ``export``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import CommandParser
from drive_stack.datasets.export.formats import FORMATS

HELP = """\
examples:
  python run_sim.py export runs/recordings/cut_in --to lerobot --out runs/exports/lerobot
      a LeRobot dataset: images, states, actions and tasks for imitation learning
  python run_sim.py export runs/recordings/cut_in --to minari --out runs/exports/minari
      a Minari dataset: observations, actions and rewards for offline reinforcement learning
  python run_sim.py export runs/recordings/cut_in --to rerun --out runs/exports/rerun
      one .rrd file for each episode, to look at with: rerun runs/exports/rerun/*.rrd

The recording comes from: python run_sim.py collect --scenarios cut_in --seeds 2 --out runs/recordings/cut_in
docs/guides/recordings.md says what each field means and how to open the result.
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "export",
        description="Write recorded drives in a format that other programs read.",
        epilog=HELP,
    )
    parser.add_argument("recording", type=Path, metavar="RECORDING", help="folder that collect wrote")
    parser.add_argument("--to", choices=FORMATS, required=True, help="format of the result")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="new folder of the result")
    return parser
