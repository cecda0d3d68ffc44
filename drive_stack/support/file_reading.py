"""Files from outside, read within bounds: no more bytes than allowed, and never from a pipe or a device."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

MAX_JSON_BYTES = 16_000_000  # a run of 10,000 courses names them all

_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def other_kind(mode: int) -> str | None:
    """What a file is, in words, by the mode of its `os.stat_result`; None for a regular one."""
    return next((words for is_kind, words in _KINDS if is_kind(mode)), None)


def read_regular(path: Path, max_bytes: int | None = None) -> bytes:
    """The contents of a regular file, or of one that a link leads to, of at most ``max_bytes`` if given.

    A pipe or a device is refused without waiting for it. Raises `OSError` where the file cannot be read,
    and `ValueError` where it is too large, or where the path holds a NUL byte.
    """
    # O_NONBLOCK: opening a pipe would wait for somebody to write to it
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if kind := other_kind(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, f"it is {kind}, and must be a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(-1 if max_bytes is None else max_bytes + 1)
    finally:
        os.close(descriptor)
    if max_bytes is not None and len(data) > max_bytes:
        raise ValueError(f"larger than the {max_bytes / 1e6:g} MB allowed")
    return data


def read_text(path: Path, max_bytes: int = MAX_JSON_BYTES) -> str:
    """The text of such a file; raises as `read_regular` does, and `ValueError` where it is not UTF-8."""
    return read_regular(path, max_bytes).decode("utf-8")


def parse_json(text: str) -> object:
    """The value of a JSON document.

    Raises `ValueError` where it cannot be read, is nested too deeply, or holds half of a surrogate pair,
    which is in no text that can be written.
    """
    try:
        found: object = json.loads(text)
        if "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return found


def read_json(path: Path, max_bytes: int = MAX_JSON_BYTES) -> object:
    """The value of a JSON file; raises as `read_text` and `parse_json` do."""
    return parse_json(read_text(path, max_bytes))
