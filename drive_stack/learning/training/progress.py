"""Progress of an epoch: a bar on a terminal, otherwise one line a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from drive_stack.evaluation.batch.first_estimate import FirstEstimate
from drive_stack.evaluation.batch.progress import INTERVAL, format_duration

Report = Callable[[str], None]
WARM_UP, MIN_STEPS, MIN_SECONDS = 2, 3, 3.0  # of a training's first estimate: steps, steps, seconds


def estimate_training(what: str, steps: int, report: Report) -> FirstEstimate:
    """Return what reports about how long ``steps`` updates take, after the first of them."""
    return FirstEstimate(what, steps, report, warm_up=WARM_UP, min_steps=MIN_STEPS, min_seconds=MIN_SECONDS)


@contextmanager
def track_steps(title: str, total: int, report: Report, console: Console | None = None) -> Iterator[Report]:
    """Yield a function to call after each of ``total`` steps with a short status, such as the loss.

    On a terminal it advances a bar on ``console`` (default: standard error), which disappears when the
    epoch ends. Otherwise it passes lines to ``report``.
    """
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _LineReporter(title, total, report).advance
        return
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[status]}"), console=console, transient=True) as bar:
        task = bar.add_task("", total=total, status="")
        yield lambda status: bar.update(task, advance=1, status=status)


class _LineReporter:
    def __init__(self, title: str, total: int, report: Report) -> None:
        self._title, self._total, self._report = title, total, report
        self._done, self._start = 0, time.monotonic()
        self._next = self._start + INTERVAL

    def advance(self, status: str) -> None:
        self._done += 1
        now = time.monotonic()
        if now >= self._next and self._done < self._total:
            remaining = (now - self._start) / self._done * (self._total - self._done)
            steps = f"{self._done} of {self._total} steps"
            self._report(f"{self._title}: {steps}, {status}, {format_duration(remaining)} left")
            self._next = now + INTERVAL
