"""Option values and help texts that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.scenario_name import split_names
from drive_stack.seeds import MAX_EPISODES, MAX_SEED, SeedSplit, seed_range

TRUST_HELP = (
    "load policy files that can run code of their own: zip files of Stable-Baselines3, and TorchScript"
)
SCENARIOS_HELP = "names of scenarios or paths of scenario files, separated by commas (default: all)"
MAX_WORKERS = 1024
MAX_SECONDS = 86_400
_MAX_DIGITS = 19

IN_PROCESS_HELP = (
    "run policy files and classes of your own inside the simulator's process, where a debugger reaches them; "
    "they can then read the truth and change their own score"
)
TRACEBACK = "--traceback"
TRACEBACK_HELP = "also show the traceback of an error; works with every command"


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``low`` to ``high``, in ASCII digits."""

    def read(text: str) -> int:
        digits = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
        if not digits or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(
                f"'{shortened(text)}' is not a whole number from {low} to {high}"
            )
        return int(text)

    return read


seed = whole_number(0, MAX_SEED)
episode_count = whole_number(1, MAX_EPISODES)
worker_count = whole_number(1, MAX_WORKERS)
seconds = whole_number(1, MAX_SECONDS)
positive = whole_number(1, 1_000_000_000)


def seeds_between(text: str) -> range:
    """Read ``A:B`` as the seeds from A to B - 1; `ConfigError` for anything else."""
    start, _, end = text.partition(":")
    try:
        first, stop = seed(start), whole_number(1, MAX_SEED + 1)(end)
    except argparse.ArgumentTypeError as error:
        problem = str(error)
    else:
        if first < stop:
            return seed_range(first, stop - first)
        problem = "A must be smaller than B"
    raise ConfigError(
        f"--seeds {shortened(text)}: expected A:B, such as 100000:100010 for the seeds 100000 to 100009; "
        f"{problem}"
    )


def add_course_options(group: argparse._ArgumentGroup, *, seeds: int) -> None:
    """Add ``--scenarios``, ``--seeds`` (default ``seeds``) and ``--first-seed`` (default: validation)."""
    group.add_argument("--scenarios", default="all", metavar="A,B", help=SCENARIOS_HELP)
    group.add_argument(
        "--seeds",
        type=episode_count,
        default=seeds,
        metavar="N",
        help="number of seeds of each scenario (default: %(default)s)",
    )
    group.add_argument(
        "--first-seed",
        type=seed,
        default=SeedSplit.VALIDATION.first,
        metavar="SEED",
        help="first seed of each scenario (default: %(default)s, a validation seed)",
    )


def unique_names(text: str) -> list[str]:
    """The names between commas, each once; an empty list for ``all``."""
    names = [] if text == "all" else split_names(text)
    if "" in names:
        raise ConfigError(f"'{text}': expected names between commas, or all")
    return list(dict.fromkeys(names))
