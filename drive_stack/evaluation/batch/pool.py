"""Hands tasks to workers, wherever they live; one that is lost or takes too long is replaced."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.tasks import BatchTask, Key
from drive_stack.evaluation.batch.worker import Answer, Ready, WorkerLostError
from drive_stack.support.interrupts import interrupts_held

START_LIMIT = 300.0  # within which a worker must have started [s]
MOST_FAILED_STARTS = 3  # in a row for each worker, after which it is not chance
NAP = 1.0  # between two looks at the clock [s]


class Worker(Protocol):
    """One that drives a task at a time."""

    task: BatchTask | None  # that it has been given and not answered
    place: str | None  # the machine it is on; None until it has started

    @property
    def busy_for(self) -> float:
        """Since it got its task, or was hired [s]."""
        ...

    def give(self, task: BatchTask) -> None:
        """Send a task; it is held even where the worker is no more, which shows in `message`."""
        ...

    def message(self) -> Ready | Answer | None:
        """What has come from it; None for nothing yet. Raises `WorkerLostError`."""
        ...

    def end(self) -> None:
        """Stop it at once; harmless where it has ended."""
        ...


W = TypeVar("W", bound=Worker)


class Crew(Protocol[W]):
    """Where workers come from."""

    tries: int  # of a task that is lost with its worker
    queues: bool  # a worker may have to wait for a free place before it starts

    def hire(self) -> W:
        """Begin to start one."""
        ...

    def wait(self, workers: Sequence[W], timeout: float) -> None:
        """Return when there may be a message from one of them, at the latest after ``timeout`` [s]."""
        ...

    def close(self) -> None:
        """Let go of what they all shared."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one task."""

    task: BatchTask
    answer: Answer
    lost: bool = False  # with its worker


class Pool(Generic[W]):
    """``workers`` that drive at a time; a context manager that leaves none behind."""

    def __init__(self, crew: Crew[W], *, workers: int, time_limit: float) -> None:
        self._crew, self._count, self._time_limit = crew, workers, time_limit
        self._workers: list[W] = []
        self._waiting: deque[BatchTask] = deque()
        self._lost_at: dict[Key, list[str | None]] = defaultdict(list)  # places
        self._failed_starts = 0  # in a row

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        with interrupts_held():  # a second Ctrl-C must not leave processes behind
            try:
                for worker in self._workers:
                    worker.end()
            finally:
                self._workers = []
                self._crew.close()

    def run(self, tasks: Iterable[BatchTask]) -> Iterator[Outcome]:
        """One outcome of each task, as they come, begun in the order of ``tasks``.

        Raises `ConfigError` where workers cannot start, or one finds that a task can never be driven.
        """
        self._waiting.extend(tasks)
        while len(self._workers) < min(self._count, len(self._waiting)):
            self._hire()
        while self._workers:
            self._crew.wait(self._workers, NAP)
            for worker in tuple(self._workers):
                outcome = self._look_at(worker)
                if outcome is not None:
                    yield outcome

    def _look_at(self, worker: W) -> Outcome | None:
        """Take a worker's answer and give it the next task; let it go where none is left."""
        if worker.task is None and (worker.place is not None or not self._waiting):
            self._occupy(worker)
            return None
        try:
            message = worker.message()
        except WorkerLostError as lost:
            return self._lost(worker, str(lost), tries=self._crew.tries)
        if message is None:
            return self._too_long(worker)
        self._failed_starts = 0
        task, worker.task = worker.task, None
        if isinstance(message, Answer) and message.spent:
            self._replace(worker)
        else:
            self._occupy(worker)
        if not isinstance(message, Answer) or task is None:
            return None
        if message.refused is not None:
            raise ConfigError(message.refused)
        return Outcome(task, message)

    def _occupy(self, worker: W) -> None:
        """Give an idle worker a task that was not lost in its place, if another is working elsewhere."""
        places = {other.place for other in self._workers} - {None}
        for index, task in enumerate(self._waiting):
            lost_at = self._lost_at[task.key]
            if worker.place not in lost_at or places.issubset(lost_at):
                del self._waiting[index]
                worker.give(task)
                return
        if not self._waiting:
            self._workers.remove(worker)
            worker.end()

    def _too_long(self, worker: W) -> Outcome | None:
        starting = worker.task is None
        limit = START_LIMIT if starting else self._time_limit
        if worker.busy_for <= limit:
            return None
        if starting and self._crew.queues:
            if any(other.task is not None for other in self._workers):
                return None  # they have the places
            raise ConfigError(f"no core was free for a worker within {limit:g} s")
        # the task had its chance: another worker would take as long
        return self._lost(worker, f"it ran longer than the limit of {limit:g} s", tries=1)

    def _lost(self, worker: W, why: str, *, tries: int) -> Outcome | None:
        """Hire another in place of a worker that is no more; the outcome of the task it had."""
        task = worker.task
        if task is None:
            self._failed_starts += 1
            if self._failed_starts >= MOST_FAILED_STARTS * self._count:
                raise ConfigError(f"worker processes cannot start: {why}")
        else:
            self._lost_at[task.key].append(worker.place)
            if len(self._lost_at[task.key]) < tries:
                self._waiting.appendleft(task)
                task = None
        self._replace(worker)
        if task is None:
            return None
        times = len(self._lost_at[task.key])
        often = f" {times} times, the last time" if times > 1 else ""
        message = f"the worker process was lost{often}: {why}"
        return Outcome(task, Answer(worker.busy_for, failed=message), lost=True)

    def _replace(self, worker: W) -> None:
        """End a worker and hire another where there is work."""
        self._workers.remove(worker)
        worker.end()
        if self._waiting:
            self._hire()

    def _hire(self) -> None:
        """Begin to start a worker. An interrupt waits until it is in the list of those that are ended."""
        with interrupts_held():
            self._workers.append(self._crew.hire())
