"""The options of ``search``."""

from __future__ import annotations

from pathlib import Path

from drive_stack.app.options import (
    CommandParser,
    add_set_option,
    add_trust_options,
    add_workers_option,
    seconds,
    seed,
    whole_number,
)
from drive_stack.seeds import SeedSplit

HELP = """\
examples:
  python run_sim.py search --scenario cut_in --workers 2                     failures of the modular driver
  python run_sim.py search --scenario cut_in --show-space                    what is varied, and what could be
  python run_sim.py search --scenario cut_in --vary actors.0.gap=6:30 --vary conditions.light=day,night
  python run_sim.py search --scenario cut_in --method tpe --method random    compared with random search

You can stop the command at any time: run again, it goes on from there.
docs/guides/search.md explains what counts.
"""
METHODS = ("tpe", "random")
MAX_BUDGET = 10_000
MAX_REPEATS = 100
SEEDS = 10  # that courses draw from by default


def make_parser() -> CommandParser:
    """Return the parser of the command's options."""
    parser = CommandParser(
        "search",
        description="Search a scenario's numbers and seeds for courses on which a driver fails although the "
        "expert passes and a careful driver would survive.",
        epilog=HELP,
    )
    what = parser.add_argument_group("what is searched")
    what.add_argument(
        "--agent",
        default="modular",
        metavar="NAME",
        help="driver to search for failures: a registered name, a configuration file, a policy file or "
        "package.module:Class (default: modular)",
    )
    add_set_option(what, "the agent's configuration")
    what.add_argument(
        "--scenario", default="cut_in", metavar="NAME|FILE", help="scenario to vary (default: cut_in)"
    )
    what.add_argument(
        "--seeds",
        default=f"{SeedSplit.VALIDATION.first}:{SeedSplit.VALIDATION.first + SEEDS}",
        metavar="A:B",
        help="seeds from A to B - 1, of which each course has one; training or validation seeds "
        "(default: %(default)s)",
    )
    what.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="KEY=VALUES",
        help="vary a key of the scenario within LOW:HIGH or among A,B,C; can be repeated "
        "(default: the scenario's file in configs/falsification)",
    )
    what.add_argument(
        "--space", type=Path, metavar="FILE", help="file with the keys to vary; --vary adds to it or replaces"
    )
    what.add_argument(
        "--show-space", action="store_true", help="print what is varied and which keys could be, and stop"
    )
    how = parser.add_argument_group("how it is searched")
    how.add_argument(
        "--method",
        action="append",
        choices=METHODS,
        help="tpe: tree-structured Parzen estimator, learns from the courses driven so far; random: the "
        "baseline. Repeat it to compare both (default: tpe)",
    )
    how.add_argument(
        "--budget",
        type=whole_number(1, MAX_BUDGET),
        default=60,
        metavar="N",
        help="courses of each search, each one an episode of the driver (default: %(default)s)",
    )
    how.add_argument(
        "--batch",
        type=whole_number(1, MAX_BUDGET),
        default=8,
        metavar="N",
        help="courses that are proposed together, before any of them is known (default: %(default)s)",
    )
    how.add_argument(
        "--search-seed",
        type=seed,
        default=0,
        metavar="N",
        help="seed of the method's random draws (default: %(default)s)",
    )
    how.add_argument(
        "--repeats",
        type=whole_number(1, MAX_REPEATS),
        default=1,
        metavar="N",
        help="searches of each method, with consecutive search seeds (default: %(default)s)",
    )
    add_workers_option(how)
    how.add_argument(
        "--time-limit",
        type=seconds,
        default=900,
        metavar="S",
        help="wall-clock limit for one episode, in seconds (default: %(default)s)",
    )
    add_trust_options(how)
    how.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the results (default: runs/search/SCENARIO/AGENT)",
    )
    return parser
