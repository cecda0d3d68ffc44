"""The file of rows: append-only, on the disk after each row, one writer at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from drive_stack.config import read_error
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import Key
from drive_stack.support.atomic_files import check_regular
from drive_stack.support.file_reading import read_regular
from drive_stack.support.interrupts import defer_interrupts

NAME = "rows.jsonl"
RECORDINGS = "manifest.json"  # marks a folder of recordings, whose rows stand for shards
_BEGIN = b'{"label": "'  # of every row that was ever written


def read_rows(folder: Path, *, unreadable: Callable[[str], None] | None = None) -> dict[Key, Row]:
    """The rows in a folder, in the order of the file; of rows with one key the last.

    A row whose writing was cut off at the end of the file is left out. Any other line that cannot be read is
    named to ``unreadable`` and left out, which is for readers only; without it, `ConfigError` is raised.
    """
    path = folder / NAME
    try:
        data = _read(path)
    except FileNotFoundError:
        return {}
    return _parsed(path, data, unreadable)


def _read(path: Path) -> bytes:
    """The file's content; raises `FileNotFoundError`, and `ConfigError` where it cannot be read."""
    try:
        return read_regular(path)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None


def _parsed(path: Path, data: bytes, unreadable: Callable[[str], None] | None) -> dict[Key, Row]:
    rows: dict[Key, Row] = {}
    end = _end_of_rows(data)
    lines = data[:end].removesuffix(b"\n").split(b"\n") if end else []
    for number, line in enumerate(lines, start=1):
        try:
            row = Row.from_json(line)
        except ValueError as error:
            if unreadable is None:
                raise ConfigError(f"{path}:{number}: {error}; mend or delete this line") from None
            unreadable(f"{path}:{number}: {error}; this line is left out.")
            continue
        rows.pop(row.key, None)
        rows[row.key] = row
    return rows


def _end_of_rows(data: bytes) -> int:
    """Where the last row ends; what follows is the begin of one whose writing was cut off.

    A last line without a newline that is no begin of a row belongs to somebody else's file: it is kept, and
    is an error where it is read.
    """
    end = data.rfind(b"\n") + 1
    written = data[end:].rstrip(b"\0")  # some file systems fill up with zeros what was not written
    if not (_BEGIN.startswith(written) or written.startswith(_BEGIN)):
        return len(data)
    try:
        Row.from_json(written)
    except ValueError:
        return end
    return end + len(written)


class RowFile:
    """The rows of a folder, open for more; made by `open_rows`."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self.folder = folder
        self._file = descriptor
        data = _read(folder / NAME)
        self.rows = _parsed(folder / NAME, data, None)
        self._end = _end_of_rows(data)
        try:
            os.ftruncate(descriptor, self._end)
            if self._end and data[self._end - 1 : self._end] != b"\n":
                self._write(b"\n")
                self._end += 1
        except OSError as error:
            raise _unwritable(folder, error) from None

    def append(self, row: Row) -> None:
        """Write a row through to the disk; `ConfigError` where that fails, with the file still whole."""
        line = row.to_json().encode() + b"\n"
        with defer_interrupts():
            self._check_unchanged()
            try:
                self._write(line)
            except OSError as error:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self._end)
                raise _unwritable(self.folder, error, f"{len(self.rows)} rows are kept") from None
            self._end += len(line)
            self.rows.pop(row.key, None)
            self.rows[row.key] = row

    def _check_unchanged(self) -> None:
        """Rows that go to a file that was deleted or replaced are lost: better say so at once."""
        path = self.folder / NAME
        try:
            same = os.path.samestat(path.lstat(), os.fstat(self._file))
        except OSError:
            same = False
        if not same or os.fstat(self._file).st_size != self._end:
            raise ConfigError(f"{path}: was deleted or changed by another program during the run; run again")

    def _write(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._file, line) :]  # a disk that is full says so at the second attempt
        os.fsync(self._file)


@contextlib.contextmanager
def open_rows(folder: Path, *, foreign: str | None = None) -> Iterator[RowFile]:
    """Open a folder's rows for one writer.

    Raises `ConfigError` where another writer has them, where they cannot be written, where they are not a
    regular file of this folder alone, and where the folder holds a file called ``foreign``, which belongs to
    another command.
    """
    path = folder / NAME
    if foreign is not None and os.path.lexists(folder / foreign):
        raise ConfigError(f"{folder}: belongs to another command (it holds {foreign}); use another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_plain(path)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"{folder}: another run is writing there; wait, or use another folder"
            ) from None
        except OSError as error:
            raise _unwritable(folder, error) from None
        yield RowFile(folder, descriptor)
    finally:
        os.close(descriptor)


def _check_plain(path: Path) -> None:
    """Rows are written in place, so that a second name of the file, a link, would be written as well."""
    try:
        state = path.lstat()
    except FileNotFoundError:
        return
    check_regular(path, state.st_mode)
    if state.st_nlink > 1:
        raise ConfigError(f"{path}: has {state.st_nlink} names (hard links); put a copy in its place")
    if not state.st_mode & 0o222:
        raise ConfigError(f"{path}: is read-only; allow writing, or use another folder")


def _unwritable(folder: Path, error: OSError, kept: str = "") -> ConfigError:
    reason = error.strerror or str(error)
    return ConfigError(f"{folder / NAME}: cannot be written: {reason}" + (f"; {kept}" if kept else ""))
