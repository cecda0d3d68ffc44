"""How far a batch has come: a bar on a terminal, else a line every minute."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.run import Watcher
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import succeeded

INTERVAL = 60.0  # between two lines [s]


class Tally:
    """Counts rows, and guesses the time left from what episodes of each label took so far."""

    def __init__(self, tasks: Sequence[BatchTask], workers: int) -> None:
        self._left = Counter(task.label for task in tasks)
        self._took: dict[str, list[float]] = defaultdict(list)
        self._workers = workers
        self.total, self.done, self.succeeded, self.errors = len(tasks), 0, 0, 0

    def add(self, row: Row) -> None:
        """Count one."""
        self._left[row.label] -= 1
        self._took[row.label].append(row.wall_s)
        self.done += 1
        self.succeeded += succeeded(row.result)
        self.errors += row.result.error is not None

    @property
    def seconds_left(self) -> float | None:
        """By the clock; None before the first row."""
        means = {label: sum(took) / len(took) for label, took in self._took.items()}
        if not means:
            return None
        unknown = max(means.values())
        work = sum(count * means.get(label, unknown) for label, count in self._left.items())
        return work / min(self._workers, max(self.total - self.done, 1))

    @property
    def words(self) -> str:
        """Success so far and time left."""
        share = f"{100.0 * self.succeeded / self.done:.0f} % succeeded" if self.done else "starting"
        errors = f", {self.errors} failed" if self.errors else ""
        left = self.seconds_left
        return (
            share + errors + (f", {clock(left)} left" if left is not None and self.done < self.total else "")
        )


def clock(seconds: float) -> str:
    """Such as 2 h 05 min, 7 min, 40 s."""
    if seconds < 60.0:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60.0)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


class _Bar:
    def __init__(self, tally: Tally, progress: Progress) -> None:
        self._tally, self._progress = tally, progress
        self._task = progress.add_task("", total=tally.total, words=tally.words)

    def note(self, row: Row) -> None:
        self._tally.add(row)
        self._progress.update(self._task, completed=self._tally.done, words=self._tally.words)


class _Lines:
    def __init__(self, tally: Tally, console: Console) -> None:
        self._tally, self._console = tally, console
        self._next = time.monotonic() + INTERVAL

    def note(self, row: Row) -> None:
        self._tally.add(row)
        if time.monotonic() >= self._next or self._tally.done == self._tally.total:
            line = f"{self._tally.done} of {self._tally.total} episodes, {self._tally.words}"
            self._console.print(line, highlight=False, soft_wrap=True)
            self._next = time.monotonic() + INTERVAL


@contextmanager
def watched(tasks: Sequence[BatchTask], workers: int, console: Console) -> Iterator[Watcher]:
    """Shows on ``console`` how a batch comes on."""
    tally = Tally(tasks, workers)
    if not console.is_terminal:
        yield _Lines(tally, console)
        return
    columns = (TextColumn("driving"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(tally, progress)
