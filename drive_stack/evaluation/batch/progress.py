"""Progress of a batch: a bar on a terminal, otherwise one line a minute."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from drive_stack.evaluation.batch.rows import Row
from drive_stack.evaluation.batch.run import RowListener
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import succeeded

INTERVAL = 60.0  # between two lines of the log [s]


class Tally:
    """Counts rows and estimates the remaining time from the mean duration of each label's episodes.

    ``expected`` holds durations that were measured beforehand, by label [s]; the first row replaces them.
    """

    def __init__(
        self, tasks: Sequence[BatchTask], workers: int, expected: Mapping[str, float] | None = None
    ) -> None:
        self._remaining = Counter(task.label for task in tasks)
        self._durations: dict[str, list[float]] = defaultdict(list)  # label → wall-clock times [s]
        self._workers, self._expected = workers, dict(expected or {})
        self.total, self.done, self.succeeded, self.errors = len(tasks), 0, 0, 0

    def add(self, row: Row) -> None:
        """Count a row."""
        self._remaining[row.label] -= 1
        self._durations[row.label].append(row.wall_s)
        self.done += 1
        self.succeeded += succeeded(row.result)
        self.errors += row.result.error is not None

    @property
    def remaining_seconds(self) -> float | None:
        """Estimated wall-clock time to the end of the batch [s]; None where nothing is known yet."""
        means = self._expected | {label: sum(times) / len(times) for label, times in self._durations.items()}
        if not means:
            return None
        unknown = max(means.values())
        work = sum(count * means.get(label, unknown) for label, count in self._remaining.items())
        return work / min(self._workers, max(self.total - self.done, 1))

    @property
    def status(self) -> str:
        """Success rate so far and remaining time, as text."""
        text = f"{100.0 * self.succeeded / self.done:.0f} % succeeded" if self.done else "starting"
        if self.errors:
            text += f", {self.errors} failed"
        remaining = self.remaining_seconds
        if remaining is not None and self.done < self.total:
            text += f", about {format_duration(remaining)} left"
        return text


def format_duration(seconds: float) -> str:
    """Format a duration, such as 2 h 05 min, 7 min or 40 s."""
    if seconds < 60.0:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60.0)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


class _Bar:
    def __init__(self, tally: Tally, progress: Progress) -> None:
        self._tally, self._progress = tally, progress
        self._task = progress.add_task("", total=tally.total, status=tally.status)

    def on_row(self, row: Row) -> None:
        self._tally.add(row)
        self._progress.update(self._task, completed=self._tally.done, status=self._tally.status)


class _Lines:
    def __init__(self, tally: Tally, console: Console) -> None:
        self._tally, self._console = tally, console
        self._next_time = time.monotonic() + INTERVAL

    def on_row(self, row: Row) -> None:
        self._tally.add(row)
        if time.monotonic() >= self._next_time or self._tally.done == self._tally.total:
            line = f"{self._tally.done} of {self._tally.total} episodes, {self._tally.status}"
            self._console.print(line, highlight=False, soft_wrap=True)
            self._next_time = time.monotonic() + INTERVAL


@contextmanager
def show_progress(
    tasks: Sequence[BatchTask],
    workers: int,
    console: Console,
    expected: Mapping[str, float] | None = None,
) -> Iterator[RowListener]:
    """Show the progress of a batch on ``console``; for ``expected`` see `Tally`."""
    tally = Tally(tasks, workers, expected)
    if not console.is_terminal:
        yield _Lines(tally, console)
        return
    columns = (TextColumn("driving"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[status]}"))
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(tally, progress)
