"""What an agent's process prints: passed on to standard error, up to a size."""

from __future__ import annotations

import os
import sys
import threading

from drive_stack.agent_errors import bounded_text

MAX_OUTPUT = 64 << 10  # of one process [bytes]


class Relay:
    """Reads a pipe to its end in a thread, so that whoever writes there never has to wait."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def finish(self, timeout: float) -> None:
        """Wait until all has been passed on, for ``timeout`` [s] at most."""
        self._thread.join(timeout)

    def _run(self) -> None:
        left = MAX_OUTPUT
        try:
            while data := os.read(self._descriptor, 1 << 16):
                if left > 0:
                    _print(data[:left])
                    left -= len(data)
                    if left <= 0:
                        _print(b"\nan agent prints too much: the rest is left out\n")
        finally:
            os.close(self._descriptor)


def _print(data: bytes) -> None:
    text = bounded_text(data.decode(errors="backslashreplace"), 8 * len(data))  # no control characters
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # nobody listens
