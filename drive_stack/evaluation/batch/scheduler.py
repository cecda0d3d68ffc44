"""Distribute tasks to workers, local or remote, and replace workers that are lost or take too long."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.tasks import BatchTask, Key
from drive_stack.evaluation.batch.worker import Ready, Reply, WorkerLostError
from drive_stack.support.interrupts import defer_interrupts

START_LIMIT = 300.0  # a worker must start within this time [s]
MAX_FAILED_STARTS = 3  # in a row, for each worker; after that the batch ends with an error
POLL_INTERVAL = 1.0  # between two checks of the time limits [s]


class Worker(Protocol):
    """Drives one task at a time."""

    task: BatchTask | None  # the task that it is driving
    node: str | None  # the machine it runs on; None until it has started

    @property
    def busy_time(self) -> float:
        """Time since it received its task, or since its start was requested [s]."""
        ...

    def send(self, task: BatchTask) -> None:
        """Send a task. If the worker is lost, only the next `receive` reports it."""
        ...

    def receive(self) -> Ready | Reply | None:
        """The next message of the worker; None if there is none yet. Raises `WorkerLostError`."""
        ...

    def stop(self) -> None:
        """Stop the worker at once; does nothing if it has ended."""
        ...


W = TypeVar("W", bound=Worker)


class WorkerPool(Protocol[W]):
    """Starts workers."""

    max_attempts: int  # of a task whose worker is lost
    can_queue: bool  # whether a worker may have to wait for a free core before it starts

    def start(self) -> W:
        """Request the start of a worker; does not wait until it has started."""
        ...

    def wait(self, workers: Sequence[W], timeout: float) -> None:
        """Return when one of the workers may have sent a message, at the latest after ``timeout`` [s]."""
        ...

    def close(self) -> None:
        """Release what the workers shared."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """A task and the reply to it."""

    task: BatchTask
    reply: Reply
    lost: bool = False  # whether its worker was lost


class TaskScheduler(Generic[W]):
    """Drives tasks with at most ``workers`` workers at a time; as a context manager it stops all of them."""

    def __init__(
        self, pool: WorkerPool[W], *, workers: int, time_limit: float, keeps_workers: bool = False
    ) -> None:
        """Create a scheduler without workers.

        Args:
            pool: Starts the workers.
            workers: Maximum number of workers.
            time_limit: Wall-clock limit of one task [s].
            keeps_workers: Idle workers wait for the next `run` instead of being stopped.
        """
        self._pool, self._count, self._time_limit = pool, workers, time_limit
        self._keeps_workers = keeps_workers
        self._workers: list[W] = []
        self._waiting: deque[BatchTask] = deque()
        self._lost_at: dict[Key, list[str | None]] = defaultdict(list)  # task → nodes that lost it
        self._failed_starts = 0  # one after another

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        with defer_interrupts():  # a second Ctrl-C must not leave processes behind
            try:
                for worker in self._workers:
                    worker.stop()
            finally:
                self._workers = []
                self._pool.close()

    def run(self, tasks: Iterable[BatchTask]) -> Iterator[Outcome]:
        """One outcome for each task, as they are completed. Tasks start in the order of ``tasks``.

        Raises:
            ConfigError: if workers cannot start, or if a worker reports that a task can never be driven.
        """
        self._waiting.extend(tasks)
        for worker in tuple(self._workers):  # kept from the run before
            if worker.node is not None:
                self._send_next(worker)
        idle = sum(worker.task is None for worker in self._workers)
        for _ in range(min(self._count - len(self._workers), len(self._waiting) - idle)):
            self._start_worker()
        while self._is_busy:
            self._pool.wait(self._workers, POLL_INTERVAL)
            for worker in tuple(self._workers):
                outcome = self._poll(worker)
                if outcome is not None:
                    yield outcome

    @property
    def _is_busy(self) -> bool:
        """Whether a task is left, or a worker that is to be stopped."""
        if self._keeps_workers:
            return bool(self._waiting) or any(worker.task is not None for worker in self._workers)
        return bool(self._workers)

    def _poll(self, worker: W) -> Outcome | None:
        """Receive a worker's reply and send it the next task; stop it if there is none."""
        if worker.task is None and (worker.node is not None or not self._waiting):
            self._send_next(worker)
            return None
        try:
            message = worker.receive()
        except WorkerLostError as lost:
            return self._handle_loss(worker, str(lost), max_attempts=self._pool.max_attempts)
        if message is None:
            return self._check_time(worker)
        self._failed_starts = 0
        task, worker.task = worker.task, None
        if isinstance(message, Reply) and message.must_restart:
            self._replace(worker)
        else:
            self._send_next(worker)
        if not isinstance(message, Reply) or task is None:
            return None
        if message.config_error is not None:
            raise ConfigError(message.config_error)
        return Outcome(task, message)

    def _send_next(self, worker: W) -> None:
        """Send an idle worker a task that its node has not lost before, as long as other nodes are left."""
        nodes = {other.node for other in self._workers} - {None}
        for index, task in enumerate(self._waiting):
            lost_at = self._lost_at[task.key]
            if worker.node not in lost_at or nodes.issubset(lost_at):
                del self._waiting[index]
                worker.send(task)
                return
        if not self._waiting and not self._keeps_workers:
            self._workers.remove(worker)
            worker.stop()

    def _check_time(self, worker: W) -> Outcome | None:
        is_starting = worker.task is None
        limit = START_LIMIT if is_starting else self._time_limit
        if worker.busy_time <= limit:
            return None
        if is_starting and self._pool.can_queue:
            if any(other.task is not None for other in self._workers):
                return None  # the other workers occupy the cores
            raise ConfigError(f"no core was free for a worker within {limit:g} s")
        # one attempt only: another worker would take as long
        return self._handle_loss(worker, f"it ran longer than the limit of {limit:g} s", max_attempts=1)

    def _handle_loss(self, worker: W, reason: str, *, max_attempts: int) -> Outcome | None:
        """Replace a lost worker; the outcome of its task, unless the task is driven again."""
        task = worker.task
        if task is None:
            self._failed_starts += 1
            if self._failed_starts >= MAX_FAILED_STARTS * self._count:
                raise ConfigError(f"worker processes cannot start: {reason}")
        else:
            self._lost_at[task.key].append(worker.node)
            if len(self._lost_at[task.key]) < max_attempts:
                self._waiting.appendleft(task)
                task = None
        self._replace(worker)
        if task is None:
            return None
        attempts = len(self._lost_at[task.key])
        times = f" {attempts} times, the last time" if attempts > 1 else ""
        message = f"the worker process was lost{times}: {reason}"
        return Outcome(task, Reply(worker.busy_time, failure=message), lost=True)

    def _replace(self, worker: W) -> None:
        """Stop a worker, and start another if tasks are waiting."""
        self._workers.remove(worker)
        worker.stop()
        if self._waiting:
            self._start_worker()

    def _start_worker(self) -> None:
        """Start a worker. An interrupt is deferred until `__exit__` would stop the worker."""
        with defer_interrupts():
            self._workers.append(self._pool.start())
