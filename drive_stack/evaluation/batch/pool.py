"""Hands tasks to worker processes; one that dies or runs too long costs its task and is replaced."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from types import TracebackType
from typing import Self

from drive_stack.config import ConfigError
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.batch.worker import Answer, Drive, Worker

START_LIMIT = 300.0  # within which a process must have started [s]
MOST_FAILED_STARTS = 3  # in a row, after which it is not chance
NAP = 1.0  # between two looks at the clock [s]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one task."""

    task: EpisodeTask
    answer: Answer
    lost: bool = False  # with its worker


class Pool:
    """``workers`` processes that drive; a context manager that leaves none behind."""

    def __init__(self, drive: Drive, *, workers: int, time_limit: float) -> None:
        self._drive, self._count, self._time_limit = drive, workers, time_limit
        self._workers: list[Worker] = []
        self._failed_starts = 0  # in a row

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers = []

    def run(self, tasks: Iterable[EpisodeTask]) -> Iterator[Outcome]:
        """Outcomes as they come, begun in the order of ``tasks``. Raises `ConfigError` where workers
        cannot start, or one finds that a task can never be driven."""
        waiting = deque(tasks)
        while len(self._workers) < min(self._count, len(waiting)):
            self._workers.append(Worker(self._drive))
        while self._workers:
            wait([worker.connection for worker in self._workers], timeout=NAP)
            for worker in tuple(self._workers):
                outcome = self._look_at(worker, waiting)
                if outcome is not None:
                    yield outcome

    def _look_at(self, worker: Worker, waiting: deque[EpisodeTask]) -> Outcome | None:
        """Take a worker's answer and give it the next task; let it go where none is left."""
        if not worker.connection.poll():
            return self._too_long(worker, waiting)
        try:
            message: object = worker.connection.recv()
        except (EOFError, OSError):
            return self._died(worker, waiting)
        self._failed_starts = 0
        task, worker.task = worker.task, None
        if waiting:
            worker.give(waiting.popleft())
        else:
            self._workers.remove(worker)
            worker.kill()
        if not isinstance(message, Answer) or task is None:
            return None
        if message.refused is not None:
            raise ConfigError(message.refused)
        return Outcome(task, message)

    def _too_long(self, worker: Worker, waiting: deque[EpisodeTask]) -> Outcome | None:
        limit = START_LIMIT if worker.task is None else self._time_limit
        if worker.busy_for <= limit:
            return None
        worker.kill()
        return self._replace(worker, waiting, f"it ran longer than the limit of {limit:g} s")

    def _died(self, worker: Worker, waiting: deque[EpisodeTask]) -> Outcome | None:
        how = worker.kill(patience=5.0)  # its pipe is closed: it is about to end, if it has not
        memory = " (by hand, or for want of memory)" if how.endswith("SIGKILL") else ""
        return self._replace(worker, waiting, how + memory)

    def _replace(self, worker: Worker, waiting: deque[EpisodeTask], why: str) -> Outcome | None:
        """Start another in place of a worker that is no more; the outcome of the task it had."""
        self._workers.remove(worker)
        if worker.task is None:
            self._failed_starts += 1
            if self._failed_starts >= MOST_FAILED_STARTS:
                raise ConfigError(f"worker processes cannot start: {why}")
        if waiting:
            self._workers.append(Worker(self._drive))
        if worker.task is None:
            return None
        message = f"the worker process was lost: {why}"
        return Outcome(worker.task, Answer(worker.busy_for, failed=message), lost=True)
