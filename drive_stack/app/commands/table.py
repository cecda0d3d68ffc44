"""The commands of ``run_sim.py`` by name, each imported only when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeAlias, cast

from drive_stack.app.wiring import Wiring

Command: TypeAlias = Callable[[Sequence[str], Wiring], int]  # arguments after the name → exit status

NAMES = (
    "collect",
    "train",
    "judge",
    "evaluate",
    "report",
    "replay",
    "stages",
    "perception",
    "control",
    "bench",
)


class CommandModule(Protocol):
    """What every module of this package offers."""

    def run(self, arguments: Sequence[str], wiring: Wiring) -> int:
        """Run the command with the arguments after its name; returns the exit status."""
        ...


def run_command(name: str, arguments: Sequence[str], wiring: Wiring) -> int:
    """Import a command and run it; several of them need packages that are slow to import."""
    module = cast(CommandModule, importlib.import_module(f"drive_stack.app.commands.{name}"))
    return module.run(arguments, wiring)


def commands() -> dict[str, Command]:
    """Return all commands but the main job, which has no name."""
    return {name: partial(run_command, name) for name in NAMES}
