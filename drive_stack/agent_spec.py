"""What the text that names an agent says about it: whether loading the agent may run code.

Only the person at the command line may name an agent that runs code. Where a file names one, such as the
``run.json`` of somebody else's evaluation or a training configuration, the agent is loaded only with
``--trust``, or not at all. No file and no ``--set`` grants trust.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

DATA_SUFFIXES = (".yaml", ".yml", ".onnx")  # of files that hold settings or a network, but no code
# settings that give an agent's code more rights; only the command line may set them
GRANTS = ("trust", "in_process")


def runs_code(spec: str) -> bool:
    """Return whether loading the agent may run code that it brings: a class, a pickle, or TorchScript.

    A registered name has no suffix and stands for an agent that comes with the program.
    """
    return ":" in spec or Path(spec).suffix not in ("", *DATA_SUFFIXES)


def is_file(spec: str) -> bool:
    """Return whether the text names a file, and not a registered agent or a class."""
    return Path(spec).suffix != "" and ":" not in spec


def grants(overrides: Iterable[str]) -> list[str]:
    """Return those of the ``key=value`` overrides that only the command line may set."""
    return [override for override in overrides if override.partition("=")[0].strip() in GRANTS]
