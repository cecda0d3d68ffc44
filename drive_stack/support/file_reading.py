"""Reading of untrusted files: the size is limited, and pipes and devices are rejected."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

MAX_JSON_BYTES = 16_000_000  # enough for the names of a run of 10,000 courses

_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def other_kind(mode: int) -> str | None:
    """Name a file's kind by the mode of its `os.stat_result`, such as "a folder"; None for a regular file."""
    return next((name for is_kind, name in _KINDS if is_kind(mode)), None)


def read_regular(path: Path, max_bytes: int | None = None) -> bytes:
    """Return the contents of a regular file; links are followed, and pipes and devices are never waited for.

    Raises:
        OSError: if the file cannot be read or is not a regular file.
        ValueError: if it is larger than ``max_bytes``, or the path contains a NUL byte.
    """
    # O_NONBLOCK: opening a pipe would otherwise wait for a writer
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
    """Return a regular file's text; raises as `read_regular` does, and `ValueError` if it is not UTF-8."""
    return read_regular(path, max_bytes).decode("utf-8")


def parse_json(text: str) -> object:
    """Return the value of a JSON document.

    Raises:
        ValueError: if it is not valid JSON, is nested too deeply, or contains an unpaired surrogate, which
            cannot be encoded as UTF-8.
    """
    try:
        value: object = json.loads(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def read_json(path: Path, max_bytes: int = MAX_JSON_BYTES) -> object:
    """Return the value of a JSON file; raises as `read_text` and `parse_json` do."""
    return parse_json(read_text(path, max_bytes))
