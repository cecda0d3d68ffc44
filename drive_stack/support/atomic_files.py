"""Files that are whole or absent, and only where a regular file may be.

A folder that a user names can hold anything: links, folders, pipes, somebody else's files. Whatever is
written there goes through `atomic_file`, which writes to a hidden file beside the target and renames it at
the end, so that nothing half-written is left where the machine stops or the disk fills meanwhile. A target
that is no regular file is refused.
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

MODE = 0o644  # of a new file
_PART = ".part"  # stands in the name of a file that is not finished
_PART_NAME = re.compile(r"\..*\.\w{8}\.part(\.\w+)?")
_PREFIX_LENGTH = 50  # characters of the target's name in the part's, of up to 4 bytes each


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to; it replaces ``path`` at the end, in one step.

    Raises `ConfigError` where ``path`` cannot be written, or may not be (see `check_replaceable`). Whatever
    is raised, the file that was there before stays.
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
    """A new, hidden, empty file beside ``path``, for `put_in_place`; raises as `atomic_file`."""
    check_replaceable(path)
    prefix = f".{path.name[:_PREFIX_LENGTH]}."
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=_PART + path.suffix)
        os.close(descriptor)
    except OSError as error:
        raise unwritable(path, error) from None
    return Path(name)


def put_in_place(part: Path, path: Path) -> None:
    """Replace ``path`` by ``part`` in one step, written through to the disk; raises as `atomic_file`."""
    try:
        _sync(part)
        part.chmod(check_replaceable(path))  # it may have become another while the part was written
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None
    with suppress(OSError):  # not every file system can sync a folder
        _sync(path.parent)


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` by a text file, see `atomic_file`."""
    with atomic_file(path) as part:
        part.write_text(text, encoding="utf-8")


def copy_atomically(source: Path, target: Path) -> None:
    """Replace ``target`` by a copy of ``source``, see `atomic_file`."""
    with atomic_file(target) as part:
        shutil.copyfile(source, part)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it where they are missing; `ConfigError` where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None


def check_replaceable(path: Path) -> int:
    """The permissions that a file written to ``path`` gets: those of the file that is there, else `MODE`.

    Raises `ConfigError` where something other than a regular file is there, or a read-only file.
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
    """Raises `ConfigError` where ``mode``, of an `os.stat_result`, is not a regular file's."""
    if kind := other_kind(mode):
        raise ConfigError(f"{path}: is {kind}, and must be a regular file")


def is_regular(path: Path) -> bool:
    """Whether a regular file is there, not a link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def remove_parts(folder: Path, suffix: str) -> None:
    """Remove what killed writers left of files that end with ``suffix``; nobody else may write there now."""
    for path in folder.glob(f".*{suffix}"):
        if is_part(path) and is_regular(path):
            with suppress(OSError):
                path.unlink()


def is_part(path: Path) -> bool:
    """Whether the name is one that `atomic_file` gives to a file that is not finished."""
    return _PART_NAME.fullmatch(path.name) is not None


def unwritable(path: Path, error: OSError) -> ConfigError:
    """The error for a file or folder that cannot be written."""
    return ConfigError(f"{path}: cannot be written: {error.strerror or error}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
