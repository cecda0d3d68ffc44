"""Forwards the output of an agent's process to standard error, up to a maximum size."""

from __future__ import annotations

import os
import sys
import threading

from drive_stack.agent_errors import bounded_text

MAX_OUTPUT = 64 << 10  # of one process [bytes]


class Relay:
    """Reads a pipe to its end in a thread, so that the writer never blocks."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def finish(self, timeout: float) -> None:
        """Wait until all output is forwarded, for at most ``timeout`` [s]."""
        self._thread.join(timeout)

    def _run(self) -> None:
        remaining = MAX_OUTPUT
        try:
            while data := os.read(self._descriptor, 1 << 16):
                if remaining > 0:
                    _print(data[:remaining])
                    remaining -= len(data)
                    if remaining <= 0:
                        _print(b"\nan agent's output exceeds the limit: the rest is omitted\n")
        finally:
            os.close(self._descriptor)


def _print(data: bytes) -> None:
    text = bounded_text(data.decode(errors="backslashreplace"), 8 * len(data))  # no control characters
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # standard error is closed
