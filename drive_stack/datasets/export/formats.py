"""The formats that recorded drives can be exported to. Each is a module that is imported when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from drive_stack.support.atomic_folders import atomic_folder, check_absent
from drive_stack.support.extras import needs_extra

if TYPE_CHECKING:  # it needs pyarrow, and the names of the formats do not
    from drive_stack.datasets.export.source import RecordedDrives

FORMATS = ("lerobot", "minari", "rerun")  # each is also the name of the extra that installs what it needs

Advance: TypeAlias = Callable[[int], None]  # receives the number of rows that were written


class FormatModule(Protocol):
    """What the module of each format offers."""

    def write(self, drives: RecordedDrives, folder: Path, advance: Advance) -> None:
        """Write all episodes into an empty folder, one after another.

        Raises:
            ConfigError: If a shard is missing, cut off or altered, or its values cannot be exported.
            OSError: If a file cannot be written.
        """
        ...


def export(drives: RecordedDrives, name: str, out: Path, advance: Advance) -> None:
    """Export recorded drives to the format ``name`` as a new folder ``out``.

    The folder appears under its name only when it is complete.

    Raises:
        ConfigError: If the packages of the format are not installed, if ``out`` exists or cannot be written,
            or if the recording is corrupt.
    """
    module = _format_module(name)
    with atomic_folder(out) as folder:
        module.write(drives, folder, advance)


def check_export(name: str, out: Path) -> None:
    """Raise `ConfigError` if the format's packages are not installed, or ``out`` exists."""
    _format_module(name)
    check_absent(out)


def _format_module(name: str) -> FormatModule:
    with needs_extra(name, f"--to {name}"):
        return cast(FormatModule, importlib.import_module(f"{__package__}.{name}_format"))
