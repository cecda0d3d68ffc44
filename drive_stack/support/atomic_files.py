"""Atomic writes: a file is written completely or not at all, and only regular files are replaced.

A folder that a user names can contain anything: links, folders, pipes, other programs' files. All files are
written there with `atomic_file`, which writes to a hidden file in the same folder and renames it to the
target at the end. No incomplete file remains under the target's name if the machine stops or the disk is
full. A target that is not a regular file is rejected.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from drive_stack.errors import ConfigError
from drive_stack.support.file_reading import other_kind

MODE = 0o644  # permissions of a new file
_PART = ".part"  # part of the name of an incomplete file
_PART_NAME = re.compile(r"\..*\.\w{8}\.part(\.\w+)?")
_PREFIX_LENGTH = 50  # characters of the target's name in the incomplete file's name, up to 4 bytes each


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to ``path``; the file written there replaces ``path`` in one step.

    An existing file at ``path`` is unchanged if any exception is raised.

    Raises:
        ConfigError: if ``path`` cannot be written or must not be replaced, see `check_replaceable`.
    """
    part = new_part(path)
    try:
        yield part
        put_in_place(part, path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        part.unlink(missing_ok=True)


def new_part(path: Path) -> Path:
    """Create a hidden, empty file next to ``path``, for `put_in_place`; raises as `atomic_file` does."""
    check_replaceable(path)
    prefix = f".{path.name[:_PREFIX_LENGTH]}."
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=_PART + path.suffix)
        os.close(descriptor)
    except OSError as error:
        raise unwritable(path, error) from None
    return Path(name)


def put_in_place(part: Path, path: Path) -> None:
    """Replace ``path`` by ``part`` in one step and flush it to the disk; raises as `atomic_file` does."""
    try:
        _sync(part)
        part.chmod(check_replaceable(path))  # ``path`` may have changed while the part was written
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None
    with suppress(OSError):  # some file systems cannot sync a folder
        _sync(path.parent)


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` by a UTF-8 text file, see `atomic_file`."""
    with atomic_file(path) as part:
        part.write_text(text, encoding="utf-8")


def copy_atomically(source: Path, target: Path) -> None:
    """Replace ``target`` by a copy of ``source``, see `atomic_file`."""
    with atomic_file(target) as part:
        shutil.copyfile(source, part)


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents; raises `ConfigError` if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None


def check_replaceable(path: Path) -> int:
    """Return the permissions for a file written to ``path``: those of an existing file, otherwise `MODE`.

    Raises:
        ConfigError: if ``path`` exists and is read-only or not a regular file.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return MODE
    except OSError as error:
        raise unwritable(path, error) from None
    if kind := other_kind(mode):
        raise ConfigError(f"{path}: cannot be written: it is {kind}, and must be a regular file")
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(f"{path}: cannot be written: it is read-only; allow that, or name another place")
    return stat.S_IMODE(mode)


def check_regular(path: Path, mode: int) -> None:
    """Raise `ConfigError` unless ``mode``, from an `os.stat_result`, is that of a regular file."""
    if kind := other_kind(mode):
        raise ConfigError(f"{path}: is {kind}, and must be a regular file")


def is_regular(path: Path) -> bool:
    """Whether ``path`` is a regular file; a link to one is not."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def remove_parts(folder: Path, suffix: str) -> None:
    """Remove incomplete files that killed processes left and whose names end with ``suffix``.

    No other process may write to ``folder`` at the same time.
    """
    for path in folder.glob(f".*{suffix}"):
        if is_part(path) and is_regular(path):
            with suppress(OSError):
                path.unlink()


def is_part(path: Path) -> bool:
    """Whether the name is that of an incomplete file of `atomic_file`."""
    return _PART_NAME.fullmatch(path.name) is not None


def unwritable(path: Path, error: OSError) -> ConfigError:
    """Return the error for a file or folder that cannot be written."""
    return ConfigError(f"{path}: cannot be written: {error.strerror or error}")


def _sync(path: Path) -> None:
    # Windows flushes only files that are open for writing; elsewhere no folder can be opened for writing
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
