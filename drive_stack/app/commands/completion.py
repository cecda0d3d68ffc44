"""Completion of the command line in shells, written by shtab."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from drive_stack.app.commands.table import DRIVE, NAMES, make_parser
from drive_stack.errors import ConfigError
from drive_stack.support.layout import CONFIGS

Shell: TypeAlias = Literal["bash", "zsh"]

PROGRAM = "drive-stack"  # the console command; a shell cannot complete ``python run_sim.py``
# options whose values are names of files in a folder of configs/, or files of one's own
FOLDERS = {"--scenario": "scenarios", "--suite": "suites", "--agent": "agents"}


def completion_script(shell: Shell, agents: Sequence[str]) -> str:
    """Return the script that completes commands, options and their values in a shell.

    ``agents`` are the names of all agents.

    Raises:
        ConfigError: shtab is not installed.
    """
    try:
        shtab = importlib.import_module("shtab")
    except ModuleNotFoundError:
        raise ConfigError("--print-completion: shtab is not installed; pip install shtab") from None
    parser = argparse.ArgumentParser(prog=PROGRAM, parents=[make_parser(DRIVE)], add_help=False)
    _complete_values(parser, shtab, agents)
    commands = parser.add_subparsers()
    for name in NAMES:
        own = make_parser(name)
        _complete_values(own, shtab, agents)
        summary = " ".join((own.description or "").split()).partition(". ")[0]
        commands.add_parser(name, parents=[own], add_help=False, help=summary)
    commands.add_parser("help", help="Explain a command.").add_argument("of", choices=NAMES, nargs="?")
    script: str = shtab.complete(parser, shell)
    return script


def _complete_values(parser: argparse.ArgumentParser, shtab: object, agents: Sequence[str]) -> None:
    """Say of each option which values a shell proposes: names, files, or nothing."""
    for action in parser._actions:  # argparse has no public list of them
        folder = next((FOLDERS[option] for option in action.option_strings if option in FOLDERS), None)
        if folder is not None:
            names = " ".join(agents if folder == "agents" else _names_in(folder))
            action.complete = shtab.cmd(f"echo {names}; ls -d *.yaml *.onnx 2>/dev/null")  # type: ignore[attr-defined]
        elif action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]


def _names_in(folder: str) -> list[str]:
    """The names of the files in a folder of ``configs/``."""
    return sorted(path.stem for path in (CONFIGS / folder).glob("*.yaml"))
