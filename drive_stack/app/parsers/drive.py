"""The options of a drive, which is what the command line does without a command."""

from __future__ import annotations

from pathlib import Path
from platform import platform, python_version

from drive_stack import __version__
from drive_stack.app.options import (
    TRACEBACK,
    TRACEBACK_HELP,
    CommandParser,
    add_set_option,
    add_trust_options,
    episode_count,
    seed,
)
from drive_stack.seeds import SeedSplit

HELP = """\
examples:
  python run_sim.py --agent modular                       watch the modular agent on the highway
  python run_sim.py --agent expert --scenario merge       watch the expert, which reads the truth, merge
  python run_sim.py --agent modular --agent expert        a race: two agents on the same road and seed
  python run_sim.py --agent human --scenario cruise       drive yourself: arrow keys or W A S D
  python run_sim.py --agent modular --episodes 10 --headless           ten seeds, scores in a table
  python run_sim.py --agent modular --headless --json                  one line of JSON per episode
  python run_sim.py --agent modular --set perception.detector=oracle   replace one stage by its oracle
  python run_sim.py --agent modular --set faults.camera=frozen         make a sensor fail
  python run_sim.py --agent examples/mine.onnx            drive a policy of your own
  python run_sim.py --agent modular --record drive.mp4    record a video
  python run_sim.py --list                                list scenarios and agents

other commands (`python run_sim.py help evaluate` explains one):
  python run_sim.py evaluate                              evaluate agents on the same courses and compare them
  python run_sim.py reference                             make the expert's rows that evaluate need not drive
  python run_sim.py leaderboard                           write the leaderboard, or enter drivers into it
  python run_sim.py report RUN...                         write the report of an evaluation, or of several
  python run_sim.py replay RUN --episode K                drive an episode of an evaluation again
  python run_sim.py why RUN --episode K                   find out why such an episode failed
  python run_sim.py search --scenario cut_in              find courses on which a driver fails
  python run_sim.py stages                                replace each stage by its oracle: what does it cost?
  python run_sim.py perception                            compare every stage with the truth
  python run_sim.py control                               compare the lateral controllers
  python run_sim.py collect                               record drives to learn from
  python run_sim.py export RECORDING --to minari          write recorded drives for other libraries
  python run_sim.py convert FILE.xosc                     make a scenario from an OpenSCENARIO file
  python run_sim.py train detector|lanes|policy           train a model
  python run_sim.py judge detector|lanes|policy           evaluate a trained model
  python run_sim.py study --quick                         how much data would change which driver is better
  python run_sim.py site                                  write the lesson "Pipeline or end to end?"
  python run_sim.py demo                                  watch a race, with captions
  python run_sim.py bench                                 measure speed, next to highway-env and ultralytics

Seeds: 0–99999 are for training, 100000–199999 for validation, 200000–299999 for test.
"""


def make_parser() -> CommandParser:
    """Return the parser of the options."""
    parser = CommandParser(
        "",
        description="Drive an agent on a simulated highway, watch it, and score it.",
        epilog=HELP,
    )
    who = parser.add_argument_group("who drives where")
    who.add_argument(
        "--agent",
        action="append",
        metavar="NAME",
        help="the agent: a registered name, a configuration file, a policy file or package.module:Class "
        "(default: modular); give it two to four times for a race",
    )
    who.add_argument(
        "--scenario",
        default="cruise",
        metavar="NAME|FILE",
        help="name of a scenario, or the path of a YAML file of your own (default: cruise)",
    )
    who.add_argument(
        "--seed",
        type=seed,
        default=SeedSplit.VALIDATION.first,
        help="seed of the first episode (default: %(default)s)",
    )
    who.add_argument(
        "--episodes",
        type=episode_count,
        default=1,
        metavar="N",
        help="number of episodes; each one uses the next seed (default: 1)",
    )
    add_set_option(who, "the agent's configuration", "in a race write NAME:KEY=VALUE")
    add_trust_options(who)
    how = parser.add_argument_group("how it is shown")
    how.add_argument("--headless", action="store_true", help="open no window and drive as fast as possible")
    how.add_argument("--record", type=Path, metavar="FILE.mp4", help="write a video of what the window shows")
    how.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object per episode instead of table and progress; in a race also the verdict",
    )
    how.add_argument(TRACEBACK, action="store_true", help=TRACEBACK_HELP)
    how.add_argument(
        "--print-completion",
        choices=("bash", "zsh"),
        help="print the script that lets a shell complete the command drive-stack, and exit",
    )
    how.add_argument(
        "--version",
        action="version",
        version=f"Drive Stack {__version__}, Python {python_version()}, {platform()}",
        help="print the versions of Drive Stack and Python and the system, and exit",
    )
    how.add_argument("--list", action="store_true", help="list the scenarios and agents, and exit")
    return parser
