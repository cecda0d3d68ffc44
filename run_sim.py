"""Drive, watch, train: the command line of Drive Stack. `python run_sim.py --help` explains it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from drive_stack.config import ConfigError

ROOT = Path(__file__).resolve().parent

DRIVE_HELP = """\
examples:
  python run_sim.py --agent modular                       watch the modular agent on the highway
  python run_sim.py --agent expert --scenario merge       watch the privileged expert merge
  python run_sim.py --agent human --scenario cruise       drive yourself: arrow keys or W A S D
  python run_sim.py --agent modular --episodes 10 --headless           ten seeds, scores as a table
  python run_sim.py --agent modular --headless --json                  one JSON object an episode
  python run_sim.py --agent modular --set perception.detector=oracle   replace a stage by its oracle
  python run_sim.py --agent modular --record drive.mp4    write what the window shows
  python run_sim.py --list                                scenarios and agents

other commands (each has its own --help):
  python run_sim.py train detector|lanes                  make the trained models again

Seeds: 0–99999 train, 100000–199999 validate, 200000–299999 test.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in COMMANDS:
            return COMMANDS[given[0]](given[1:])
        return drive(given)
    except ConfigError as error:
        print(f"run_sim.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("run_sim.py: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def drive(given: Sequence[str]) -> int:
    """The main job: put an agent on the road, watched or unseen."""
    options = drive_parser().parse_args(given)
    if options.list:
        return show_list()
    return 0


def drive_parser() -> argparse.ArgumentParser:
    """Options of the main job."""
    parser = argparse.ArgumentParser(
        prog="run_sim.py",
        description="Put a driver on a simulated highway, watch it, and score it.",
        epilog=DRIVE_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    who = parser.add_argument_group("who drives where")
    who.add_argument(
        "--agent",
        default="modular",
        metavar="NAME",
        help="registered name, configuration file or package.module:Class",
    )
    who.add_argument(
        "--scenario",
        default="cruise",
        metavar="NAME|FILE",
        help="from the catalogue or your own YAML (default: cruise)",
    )
    who.add_argument("--seed", type=natural, default=100_000, help="of the first episode (default: 100000)")
    who.add_argument("--episodes", type=positive, default=1, metavar="N", help="how many, seeds counting up")
    who.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override the agent's configuration; repeatable",
    )
    how = parser.add_argument_group("how it is shown")
    how.add_argument("--headless", action="store_true", help="no window; as fast as it goes")
    how.add_argument("--record", type=Path, metavar="FILE.mp4", help="write a video of what the window shows")
    how.add_argument("--json", action="store_true", help="one JSON object an episode on stdout")
    how.add_argument("--list", action="store_true", help="list scenarios and agents, and stop")
    return parser


def natural(text: str) -> int:
    """A whole number from 0."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1."""
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1")
    return int(text)


def show_list() -> int:
    """Scenarios with what they are and where they come from; agents."""
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {}

if __name__ == "__main__":
    sys.exit(main())
