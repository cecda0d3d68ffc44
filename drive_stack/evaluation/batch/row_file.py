"""The file of rows. It is append-only, flushed to the disk after each row, and has one writer at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from drive_stack.config import read_error
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import Key
from drive_stack.support.atomic_files import check_regular
from drive_stack.support.file_reading import read_regular
from drive_stack.support.interrupts import defer_interrupts

NAME = "rows.jsonl"
RECORDINGS = "manifest.json"  # marks a folder of recordings, in which each row belongs to a shard
_LOCK = ".rows.lock"  # another file, because Windows allows nobody to read a locked one
# Windows has neither links that must not be followed nor pipes in folders, but it translates line ends
_OPEN_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND
_OPEN_FLAGS |= sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
_ROW_START = b'{"label": "'  # rows of all versions start with it


def read_rows(folder: Path, *, unreadable: Callable[[str], None] | None = None) -> dict[Key, Row]:
    """Return the rows in a folder in the order of the file; of several rows with the same key, the last one.

    An incomplete row at the end of the file is skipped. Any other line that cannot be read is reported to
    ``unreadable`` and skipped. Only callers that do not write rows may pass ``unreadable``.

    Raises:
        ConfigError: if the file cannot be read, or a line cannot be read and ``unreadable`` is None.
    """
    path = folder / NAME
    try:
        data = _read(path)
    except FileNotFoundError:
        return {}
    return _parse_rows(path, data, unreadable)


def _read(path: Path) -> bytes:
    """Return the file's content; raises `FileNotFoundError`, and `ConfigError` if it cannot be read."""
    try:
        return read_regular(path)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None


def _parse_rows(path: Path, data: bytes, unreadable: Callable[[str], None] | None) -> dict[Key, Row]:
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
    """Return the offset of the end of the last complete row; an incomplete row may follow [bytes].

    A last line without a newline that does not start like a row is not an incomplete row. It counts as part
    of the content, so that it is preserved and reading it is an error.
    """
    end = data.rfind(b"\n") + 1
    written = data[end:].rstrip(b"\0")  # some file systems fill unwritten bytes with zeros
    if not (_ROW_START.startswith(written) or written.startswith(_ROW_START)):
        return len(data)
    try:
        Row.from_json(written)
    except ValueError:
        return end
    return end + len(written)


class RowFile:
    """The rows of a folder, open for appending; created by `open_rows`."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self.folder = folder
        self._file = descriptor
        data = _read(folder / NAME)
        self.rows = _parse_rows(folder / NAME, data, None)
        self._end = _end_of_rows(data)
        try:
            os.ftruncate(descriptor, self._end)
            if self._end and data[self._end - 1 : self._end] != b"\n":
                self._write(b"\n")
                self._end += 1
        except OSError as error:
            raise _unwritable(folder, error) from None

    def append(self, row: Row) -> None:
        """Append a row and flush it to the disk.

        Raises:
            ConfigError: if that fails; the file then still consists of complete rows.
        """
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
        """Raise `ConfigError` if the file was deleted or replaced, because its new rows would be lost."""
        path = self.folder / NAME
        try:
            same = os.path.samestat(path.lstat(), os.fstat(self._file))
        except OSError:
            same = False
        if not same or os.fstat(self._file).st_size != self._end:
            raise ConfigError(f"{path}: was deleted or changed by another program during the run; run again")

    def _write(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._file, line) :]  # a full disk raises only at the second attempt
        os.fsync(self._file)


@contextlib.contextmanager
def open_rows(folder: Path, *, foreign: str | None = None) -> Iterator[RowFile]:
    """Open the rows of a folder for a single writer.

    Raises:
        ConfigError: if another process has opened them for writing, if they cannot be written or are not a
            regular file without other hard links, or if the folder contains a file called ``foreign``, which
            marks a folder of another command.
    """
    path = folder / NAME
    if foreign is not None and os.path.lexists(folder / foreign):
        raise ConfigError(f"{folder}: belongs to another command (it holds {foreign}); use another folder")
    lock = FileLock(folder / _LOCK)
    with contextlib.ExitStack() as cleanup:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _check_single_file(path)
            lock.acquire(blocking=False)
            cleanup.callback(lock.release)
            descriptor = os.open(path, _OPEN_FLAGS, 0o644)
            cleanup.callback(os.close, descriptor)
        except Timeout:
            raise ConfigError(
                f"{folder}: another run is writing there; wait, or use another folder"
            ) from None
        except OSError as error:
            raise _unwritable(folder, error) from None
        yield RowFile(folder, descriptor)


def _check_single_file(path: Path) -> None:
    """Reject links, because rows are written in place and would change the file under its other names too."""
    try:
        state = path.lstat()
    except FileNotFoundError:
        return
    check_regular(path, state.st_mode)
    if state.st_nlink > 1:
        raise ConfigError(f"{path}: has {state.st_nlink} names (hard links); put a copy in its place")
    if not state.st_mode & 0o222:
        raise ConfigError(f"{path}: is read-only; allow writing, or use another folder")


def _unwritable(folder: Path, error: OSError, note: str = "") -> ConfigError:
    reason = error.strerror or str(error)
    return ConfigError(f"{folder / NAME}: cannot be written: {reason}" + (f"; {note}" if note else ""))
