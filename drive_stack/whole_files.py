"""Files that are there whole or not at all, also where the machine stops or the disk fills meanwhile."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drive_stack.config import ConfigError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to; it takes that one's place at the end, in one stroke.

    Raises `ConfigError` where that cannot be written; whatever is raised, what was there before stays.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
        os.close(descriptor)
        part = Path(name)
        try:
            yield part
            _through_to_the_disk(part)
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from None


def write_whole(path: Path, text: str) -> None:
    """Put a text file in place of what was there."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def _through_to_the_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
