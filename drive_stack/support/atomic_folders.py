"""Atomic folders: a folder is written completely or not at all, and nothing existing is replaced."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drive_stack.errors import ConfigError
from drive_stack.support.atomic_files import make_folder, unwritable

MODE = 0o755  # permissions of a new folder


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty, hidden folder next to ``path``, which is renamed to ``path`` at the end.

    The hidden folder is removed if any exception is raised.

    Raises:
        ConfigError: If ``path`` exists, or a file cannot be written.
    """
    check_absent(path)
    make_folder(path.parent)
    try:
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:50]}.", suffix=".part"))
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        yield part
        part.chmod(MODE)
        check_absent(path)  # it may have appeared in the meantime
        part.rename(path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check_absent(path: Path) -> None:
    """Raise `ConfigError` if there is anything at ``path``."""
    if os.path.lexists(path):
        raise ConfigError(f"{path}: is there already; choose another name, or remove it")
