"""Options of the main job: who drives where, and how it is shown."""

from __future__ import annotations

import argparse
from pathlib import Path

from drive_stack.app.options import (
    IN_PROCESS_HELP,
    TRACEBACK,
    TRACEBACK_HELP,
    TRUST_HELP,
    episode_count,
    seed,
)

DRIVE_HELP = """\
examples:
  python run_sim.py --agent modular                       watch the modular agent on the highway
  python run_sim.py --agent expert --scenario merge       watch the privileged expert merge
  python run_sim.py --agent modular --agent expert        a race: the same road and seed, side by side
  python run_sim.py --agent human --scenario cruise       drive yourself: arrow keys or W A S D
  python run_sim.py --agent modular --episodes 10 --headless           ten seeds, scores as a table
  python run_sim.py --agent modular --headless --json                  one JSON object an episode
  python run_sim.py --agent modular --set perception.detector=oracle   replace a stage by its oracle
  python run_sim.py --agent modular --set faults.camera=frozen         make a sense fail
  python run_sim.py --agent mine.onnx                     drive a policy of your own
  python run_sim.py --agent modular --record drive.mp4    write what the window shows
  python run_sim.py --list                                scenarios and agents

other commands (each has its own --help):
  python run_sim.py train detector|lanes|policy           make the trained models again
  python run_sim.py collect                               record drives to learn from
  python run_sim.py judge detector|lanes                  judge them on seeds they never saw
  python run_sim.py evaluate                              which driver is better, by how much, how sure
  python run_sim.py report RUN...                         its page again, or several runs compared
  python run_sim.py replay RUN --episode K                an episode of it in the viewer, as it was
  python run_sim.py stages                                what each stage costs: replace it by its oracle
  python run_sim.py perception                            every stage measured against the truth
  python run_sim.py control                               the lateral controllers compared, on paths
  python run_sim.py bench                                 how fast, beside highway-env and ultralytics

Seeds: 0–99999 train, 100000–199999 validate, 200000–299999 test.
"""


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
        action="append",
        metavar="NAME",
        help="registered name, configuration file, policy's file or package.module:Class (default: modular); "
        "two to four times for a race",
    )
    who.add_argument(
        "--scenario",
        default="cruise",
        metavar="NAME|FILE",
        help="from the catalogue or your own YAML (default: cruise)",
    )
    who.add_argument("--seed", type=seed, default=100_000, help="of the first episode (default: 100000)")
    who.add_argument(
        "--episodes", type=episode_count, default=1, metavar="N", help="how many, seeds counting up"
    )
    who.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override the agent's configuration, in a race NAME:KEY=VALUE; repeatable",
    )
    who.add_argument("--trust", action="store_true", help=TRUST_HELP)
    who.add_argument("--in-process", action="store_true", help=IN_PROCESS_HELP)
    how = parser.add_argument_group("how it is shown")
    how.add_argument("--headless", action="store_true", help="no window; as fast as it goes")
    how.add_argument("--record", type=Path, metavar="FILE.mp4", help="write a video of what the window shows")
    how.add_argument(
        "--json", action="store_true", help="one JSON object an episode on stdout; in a race also the verdict"
    )
    how.add_argument(TRACEBACK, action="store_true", help=TRACEBACK_HELP)
    how.add_argument("--list", action="store_true", help="list scenarios and agents, and stop")
    return parser
