"""CPU time of a training that may be interrupted and continued."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drive_stack.config import read_error
from drive_stack.support.atomic_files import write_atomically
from drive_stack.support.file_reading import read_json


class CoreClock:
    """Counts the CPU time of this process, over all of its threads, on top of what a file holds.

    The time since the last `save` is lost if the process is killed, and so is the work since the last
    checkpoint. Call `save` after each checkpoint and nowhere else: the lost work is done and counted again.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.process_time) -> None:
        """Raises `ConfigError` if the file exists and cannot be read."""
        self._path, self._clock = path, clock
        self._before, self._start = _read(path), clock()

    @property
    def seconds(self) -> float:
        """CPU time so far [s]."""
        return self._before + self._clock() - self._start

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count nothing while the context lasts."""
        start = self._clock()
        try:
            yield
        finally:
            self._start += self._clock() - start

    def save(self) -> None:
        """Keep the time so far. Raises `ConfigError` if the file cannot be written."""
        write_atomically(self._path, f"{self.seconds:.3f}\n")


def _read(path: Path) -> float:
    try:
        content = read_json(path)
    except FileNotFoundError:
        return 0.0
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    if not isinstance(content, int | float) or not 0.0 <= content < 1e9:
        raise read_error(path, ValueError("not a number of seconds"))
    return float(content)
