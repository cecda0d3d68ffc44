"""The options of ``convert``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import CommandParser

HELP = """\
examples:
  python run_sim.py convert examples/my_cut_in.xosc --out my_cut_in.yaml
      a cut-in as a scenario file in the current folder
  python run_sim.py convert examples/my_cut_in.xosc --out close_cut_in.yml
      the same in a file of another name

Drive the result with: python run_sim.py --agent modular --scenario my_cut_in.yaml
The road network is not read. What was not carried over is printed, and stands at the top of the file.
docs/guides/scenarios.md says what can be converted.
"""


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "convert",
        description="Convert an OpenSCENARIO XML file with lead vehicles, cut-ins and pedestrians to a "
        "scenario file.",
        epilog=HELP,
    )
    parser.add_argument("file", type=Path, metavar="FILE.xosc", help="OpenSCENARIO XML file")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.yaml", help="new scenario file")
    return parser
