"""How far an epoch has come: a bar on a terminal, else a line every minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from drive_stack.evaluation.batch.progress import INTERVAL, clock

Report = Callable[[str], None]


@contextmanager
def stepping(what: str, total: int, report: Report, console: Console | None = None) -> Iterator[Report]:
    """Yields what to call after each of ``total`` steps, with how it goes in words.

    The bar is on ``console`` (standard error), and gone once the epoch is over; lines go to ``report``.
    """
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(what, total, report).step
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[words]}"), console=console, transient=True) as bar:
        task = bar.add_task("", total=total, words="")
        yield lambda words: bar.update(task, advance=1, words=words)


class _Lines:
    def __init__(self, what: str, total: int, report: Report) -> None:
        self._what, self._total, self._report = what, total, report
        self._done, self._start = 0, time.monotonic()
        self._next = self._start + INTERVAL

    def step(self, words: str) -> None:
        self._done += 1
        now = time.monotonic()
        if now >= self._next and self._done < self._total:
            left = (now - self._start) / self._done * (self._total - self._done)
            self._report(f"{self._what}: {self._done} of {self._total} steps, {words}, {clock(left)} left")
            self._next = now + INTERVAL
