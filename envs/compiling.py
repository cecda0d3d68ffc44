"""Tells the user while numba compiles its kernels, which delays the first episode on a machine."""

from __future__ import annotations

import logging
import time
from functools import cache

from numba.core import event

COMPILATION_NOTICE = (
    "compiling numeric functions for this machine, once: up to half a minute, on slow computers a minute"
)
REPORT_PERIOD = 10.0  # of compiling between two reports [s]
_LOG = logging.getLogger(__package__)


class CompilationLog(event.Listener):  # type: ignore[misc]  # numba has no types
    """Logs a notice when the first kernel is compiled, and then reports how many have been.

    Kernels that are loaded from numba's cache are not compiled and not counted.
    """

    def __init__(self) -> None:
        self._functions, self._depth = 0, 0  # a kernel compiles those that it calls
        self._start, self._seconds, self._reported = 0.0, 0.0, 0.0

    def on_start(self, _: object) -> None:
        """Note the start of a compilation."""
        if self._depth == 0:
            self._start = time.monotonic()
            if self._functions == 0:
                _LOG.warning(COMPILATION_NOTICE)
        self._depth += 1

    def on_end(self, _: object) -> None:
        """Count a compilation, and report when `REPORT_PERIOD` has been spent since the last report."""
        self._depth -= 1
        self._functions += 1
        spent = self._seconds + time.monotonic() - self._start
        if spent - self._reported >= REPORT_PERIOD:
            self._reported = spent
            _LOG.warning("compiled %d functions so far, in %.0f seconds", self._functions, spent)
        if self._depth == 0:
            self._seconds = spent


@cache
def log_compilation() -> None:
    """Log the compilation of kernels in this process from now on."""
    event.register("numba:compile", CompilationLog())
