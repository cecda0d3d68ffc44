"""Kinds of values that options of the command line take."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from drive_stack.errors import ConfigError
from drive_stack.escaping import shortened
from drive_stack.seeds import MAX_EPISODES, MAX_SEED, seed_range

TRUST_HELP = "read files of policies that can run code of their own: SB3 zips and TorchScript"
MAX_WORKERS = 1024
MAX_SECONDS = 86_400
_MAX_DIGITS = 19

IN_PROCESS_HELP = (
    "drive policies' files and classes of your own inside the simulator, for a debugger; they can then reach "
    "the truth and their own score"
)
TRACEBACK = "--traceback"
TRACEBACK_HELP = "of an error, also show the traceback (any command)"


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Reads a whole number from ``low`` to ``high``, in ASCII digits."""

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
    """``A:B`` as the seeds from A up to, not with, B; `ConfigError` for anything else."""
    begin, _, end = text.partition(":")
    try:
        first, beyond = seed(begin), whole_number(1, MAX_SEED + 1)(end)
    except argparse.ArgumentTypeError as error:
        problem = str(error)
    else:
        if first < beyond:
            return seed_range(first, beyond - first)
        problem = "no seed lies between"
    raise ConfigError(
        f"--seeds {shortened(text)}: expected A:B, such as 100000:100010, which ends before 100010; {problem}"
    )
