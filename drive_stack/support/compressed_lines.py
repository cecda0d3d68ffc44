"""Text files of lines that are compressed by LZMA, read with a limit on what they expand to."""

from __future__ import annotations

import lzma
from collections.abc import Iterable
from pathlib import Path

from drive_stack.support.atomic_files import atomic_file
from drive_stack.support.file_reading import read_regular

MAX_BYTES = 64_000_000  # of the lines; 640 rows of episodes take 3.2 MB
_MAX_MEMORY = 128_000_000  # of the decoder


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Replace a file atomically; equal lines give an equal file.

    Raises:
        ConfigError: the file cannot be written.
    """
    text = "".join(f"{line}\n" for line in lines)
    with atomic_file(path) as part:
        part.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def read_lines(path: Path, max_bytes: int = MAX_BYTES) -> list[bytes]:
    """Return the lines of a file that `write_lines` wrote.

    Raises:
        OSError: the file cannot be read or is not a regular file.
        ValueError: it is cut off, not compressed by LZMA, or holds more than ``max_bytes``.
    """
    decoder = lzma.LZMADecompressor(memlimit=_MAX_MEMORY)
    try:
        data = decoder.decompress(read_regular(path, max_bytes), max_length=max_bytes + 1)
    except lzma.LZMAError as error:
        raise ValueError(f"not compressed by LZMA: {error}") from None
    if len(data) > max_bytes:
        raise ValueError(f"holds more than the {max_bytes / 1e6:g} MB allowed")
    if not decoder.eof:
        raise ValueError("it is cut off")
    return data.splitlines()
