"""Kinds of values that options of the command line take."""

from __future__ import annotations

import argparse

TRUST_HELP = "read files of policies that can run code of their own: SB3 zips and TorchScript"

IN_PROCESS_HELP = (
    "drive policies' files and classes of your own inside the simulator, for a debugger; they can then reach "
    "the truth and their own score"
)
TRACEBACK = "--traceback"
TRACEBACK_HELP = "of an error, also show the traceback (any command)"


def natural(text: str) -> int:
    """A whole number from 0."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1."""
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1")
    return int(text)
