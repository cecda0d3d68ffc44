"""The commands of the command line by name. Each is imported once its options have been read."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from drive_stack.app.options import CommandParser
from drive_stack.support.extras import require

if TYPE_CHECKING:  # it is slow to import, and ``--help`` does not need it
    from drive_stack.app.wiring import Wiring

# arguments after the name, and how to make what the command needs → what runs it and returns the exit status
Command: TypeAlias = "Callable[[Sequence[str], Callable[[], Wiring]], Callable[[], int]]"

DRIVE = "drive"  # what the command line does without a command
HELP = "help"  # a command that explains another one
NAMES = (
    "collect",
    "export",
    "convert",
    "train",
    "judge",
    "evaluate",
    "reference",
    "leaderboard",
    "report",
    "replay",
    "why",
    "search",
    "stages",
    "perception",
    "control",
    "study",
    "site",
    "demo",
    "bench",
)
_LEARNING = ("torch", "ultralytics", "tensorboard", "safetensors", "pyarrow", "onnx", "onnxruntime")
# commands that need libraries which the core does not install, with the extra that does
_EXTRAS: Mapping[str, tuple[str, Sequence[str]]] = {
    "collect": ("train", ("pyarrow",)),
    "train": ("train", _LEARNING),
    "judge": ("train", _LEARNING),
    "perception": ("eval", ("trackeval",)),
    "search": ("search", ("optuna",)),
    "study": ("train", _LEARNING),
    "bench": ("bench", ("torch", "ultralytics", "onnx", "onnxruntime")),
}


class ParserModule(Protocol):
    """What every module of `drive_stack.app.parsers` offers."""

    def make_parser(self) -> CommandParser:
        """Return the parser of the command's options."""
        ...


class CommandModule(Protocol):
    """What every module of this package offers."""

    def run(self, args: argparse.Namespace, wiring: Wiring) -> int:
        """Run the command with its options; returns the exit status."""
        ...


def make_parser(name: str) -> CommandParser:
    """Return the parser of a command's options."""
    module = cast(ParserModule, importlib.import_module(f"drive_stack.app.parsers.{name}"))
    return module.make_parser()


def load_command(name: str, arguments: Sequence[str], make_wiring: Callable[[], Wiring]) -> Callable[[], int]:
    """Read the options of a command and import it; returns what runs it.

    Raises:
        ConfigError: an option cannot be used, or a library that the command needs is not installed.
    """
    args = make_parser(name).read(arguments)
    if name in _EXTRAS:
        extra, libraries = _EXTRAS[name]
        require(libraries, extra, name)
    module = cast(CommandModule, importlib.import_module(f"drive_stack.app.commands.{name}"))
    return partial(module.run, args, make_wiring())


def with_help_option(arguments: Sequence[str]) -> Sequence[str]:
    """Return ``evaluate --help`` for ``help evaluate``; other command lines stay as they are."""
    return [*arguments[1:], "--help"] if arguments[:1] == [HELP] else arguments


def commands() -> dict[str, Command]:
    """Return all commands but the drive, which has no name."""
    return {name: partial(load_command, name) for name in NAMES}
