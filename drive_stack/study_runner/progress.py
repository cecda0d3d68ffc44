"""One line for each finished piece of work, with the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drive_stack.evaluation.batch.progress import format_duration


class WorkProgress:
    """Counts finished pieces. The time of a piece is taken to be proportional to its size."""

    def __init__(self, what: str, sizes: Sequence[int], workers: int, report: Callable[[str], None]) -> None:
        """``what`` is counted; ``sizes`` are those of all pieces, in any unit."""
        self._what, self._report = what, report
        self._total, self._done = len(sizes), 0
        self._size_left, self._size_done = float(sum(sizes)), 0.0
        self._seconds, self._workers = 0.0, workers

    def add(self, title: str, size: int, seconds: float) -> None:
        """Report a finished piece that took ``seconds`` of wall-clock time in one worker."""
        self._done += 1
        self._size_left -= size
        self._size_done += size
        self._seconds += seconds
        line = f"{self._done} of {self._total} {self._what}: {title}"
        if self._seconds > 0.0 and self._done < self._total:
            workers = min(self._workers, self._total - self._done)
            left = self._seconds / self._size_done * self._size_left / workers
            line += f"; about {format_duration(left)} left"
        self._report(line)
