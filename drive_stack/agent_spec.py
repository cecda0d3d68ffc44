"""What the text that names a driver says about it: whether loading the driver may run code.

Only somebody at the command line may name a driver that runs code. Where a file names one, such as the
``run.json`` of somebody else's run, or a training configuration, it is loaded only with ``--trust``, or not
at all. No file and no ``--set`` grants trust.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

DATA_SUFFIXES = (".yaml", ".yml", ".onnx")  # of files that hold settings or a network, and no code
GRANTS = ("trust", "in_process")  # settings by which a driver's code gets further; only a person grants them


def runs_code(spec: str) -> bool:
    """Whether loading the driver may run code that it brings: a class, a pickle, or TorchScript.

    A registered name has no suffix and stands for a driver that comes with the program.
    """
    return ":" in spec or Path(spec).suffix not in ("", *DATA_SUFFIXES)


def is_file(spec: str) -> bool:
    """Whether a file is named, not a registered driver or a class."""
    return Path(spec).suffix != "" and ":" not in spec


def grants(overrides: Iterable[str]) -> list[str]:
    """Those of ``key=value`` that only the command line may set."""
    return [one for one in overrides if one.partition("=")[0].strip() in GRANTS]
