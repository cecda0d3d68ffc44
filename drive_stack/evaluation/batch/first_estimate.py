"""Says once about how long a job takes, measured on its first steps."""

from __future__ import annotations

import time
from collections.abc import Callable

from drive_stack.evaluation.batch.progress import format_duration


class FirstEstimate:
    """Reports about how long the steps of a job take, as soon as enough of them have been measured."""

    def __init__(
        self,
        what: str,
        steps: int,
        report: Callable[[str], None],
        *,
        warm_up: int = 0,
        min_steps: int = 1,
        min_seconds: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the measurement.

        Args:
            what: What takes the time, such as ``training for 20 epochs``; the line begins with it.
            steps: Number of steps of the whole job.
            report: Receives the line.
            warm_up: Number of first steps that are not measured, because they load and compile.
            min_steps: Number of measured steps before the report.
            min_seconds: Time of measured steps before the report [s].
            clock: Returns the time [s].
        """
        self._what, self._steps, self._report, self._clock = what, steps, report, clock
        self._warm_up, self._min_steps, self._min_seconds = warm_up, min_steps, min_seconds
        self._done, self._start, self._has_reported = 0, clock(), False

    def advance(self) -> None:
        """Count one step that has been done."""
        if self._has_reported:
            return
        self._done += 1
        if self._done <= self._warm_up:
            self._start = self._clock()
            return
        measured, elapsed = self._done - self._warm_up, self._clock() - self._start
        if measured >= self._min_steps and elapsed >= self._min_seconds:
            self._has_reported = True
            self._report(f"{self._what}: about {format_duration(elapsed / measured * self._steps)}")
