"""The file of rows: append-only, on the disk after each row, one writer at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from drive_stack.config import ConfigError
from drive_stack.evaluation.batch.interrupts import interrupts_held
from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.tasks import Key
from drive_stack.file_reading import read_regular

NAME = "rows.jsonl"


def read_rows(folder: Path, *, unreadable: Callable[[str], None] | None = None) -> dict[Key, Row]:
    """The rows in a folder, in the order of the file; of rows with one key the last.

    A last line that was not finished is left out. Any other that cannot be read is named to ``unreadable``
    and left out, which only who does not write there may do; without it, `ConfigError` is raised.
    """
    path = folder / NAME
    try:
        data = read_regular(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    rows: dict[Key, Row] = {}
    whole = data[: data.rfind(b"\n") + 1]
    for number, line in enumerate(whole.splitlines(), start=1):
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


class RowFile:
    """The rows of a folder, open for more; made by `open_rows`."""

    def __init__(self, folder: Path, descriptor: int) -> None:
        self.folder = folder
        self._file = descriptor
        self.rows = read_rows(folder)
        self._end = read_regular(folder / NAME).rfind(b"\n") + 1
        os.ftruncate(descriptor, self._end)  # a last line that was not finished

    def append(self, row: Row) -> None:
        """Write a row through to the disk; `ConfigError` where that fails, with the file still whole."""
        line = row.to_json().encode() + b"\n"
        with interrupts_held():
            try:
                self._write(line)
            except OSError as error:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, self._end)
                raise _unwritable(self.folder, error, f"{len(self.rows)} rows are kept") from None
            self._end += len(line)
            self.rows.pop(row.key, None)
            self.rows[row.key] = row

    def _write(self, line: bytes) -> None:
        written = os.write(self._file, line)
        if written < len(line):
            os.write(self._file, line[written:])  # says why, if it cannot
        os.fsync(self._file)


@contextlib.contextmanager
def open_rows(folder: Path) -> Iterator[RowFile]:
    """Open a folder's rows for one writer; `ConfigError` where another has them, or that is not allowed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
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


def _unwritable(folder: Path, error: OSError, kept: str = "") -> ConfigError:
    reason = error.strerror or str(error)
    return ConfigError(f"{folder / NAME}: cannot be written: {reason}" + (f"; {kept}" if kept else ""))
