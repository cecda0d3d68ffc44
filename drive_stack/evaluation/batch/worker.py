"""A worker process: takes one task after another over a pipe, and answers each."""

from __future__ import annotations

import errno
import gc
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait

from drive_stack.agent_errors import bounded_text
from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.memory import grant_memory, limit_memory, mostly_used
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.support.worker_processes import ONE_THREAD, WorkerProcess

Drive = Callable[[BatchTask], EpisodeResult]
HERE = "this machine"
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has started."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a task: a result, or why there is none."""

    wall_s: float
    result: EpisodeResult | None = None
    failed: str | None = None  # traceback of the environment
    refused: str | None = None  # a `ConfigError`: no task of this kind can be driven
    spent: bool = False  # the worker holds too much memory to go on


class WorkerLostError(Exception):
    """A worker is no more; says what became of it."""


class ProcessWorker:
    """The parent's end of one worker process."""

    def __init__(self, drive: Drive, memory_limit: int) -> None:
        serve = partial(_serve, drive=drive, memory_limit=memory_limit)
        self._process = WorkerProcess(serve, ONE_THREAD)
        self.connection = self._process.connection
        self.task: BatchTask | None = None
        self.place: str | None = None
        self._since = time.monotonic()

    @property
    def busy_for(self) -> float:
        """Since it got its task, or was started [s]."""
        return time.monotonic() - self._since

    def give(self, task: BatchTask) -> None:
        """Send a task; it is held even where the process has died, which shows when its answer is awaited."""
        self.task, self._since = task, time.monotonic()
        try:
            self.connection.send(task)
        except OSError:
            return

    def message(self) -> Ready | Answer | None:
        """What has come from it; None for nothing yet. Raises `WorkerLostError`."""
        if not self.connection.poll():
            return None
        try:
            message: Ready | Answer = self.connection.recv()
        except (EOFError, OSError):
            raise WorkerLostError(self._process.exit_reason()) from None
        self.place = HERE
        return message

    def end(self) -> None:
        """Stop the process at once."""
        self._process.stop()


class Processes:
    """Workers that are processes of this machine, of ``memory_limit`` [B] each."""

    tries = 1
    queues = False

    def __init__(self, drive: Drive, memory_limit: int) -> None:
        self._drive, self._memory_limit = drive, memory_limit

    def hire(self) -> ProcessWorker:
        """Begin to start one."""
        return ProcessWorker(self._drive, self._memory_limit)

    def wait(self, workers: Sequence[ProcessWorker], timeout: float) -> None:
        """Return when there may be a message from one of them, at the latest after ``timeout`` [s]."""
        wait([worker.connection for worker in workers], timeout)

    def close(self) -> None:
        """Nothing is shared."""


def _serve(connection: Connection, drive: Drive, memory_limit: int) -> None:
    """The life of a worker: until its pipe is closed."""
    os.dup2(sys.stderr.fileno(), 1)  # standard output is the parent's alone
    limit_memory(memory_limit)
    try:
        connection.send(Ready())
        while True:
            connection.send(answer(drive, connection.recv()))
    except (EOFError, OSError):
        return


def answer(drive: Drive, task: BatchTask) -> Answer:
    """What comes of a task; never raises for what went wrong in it."""
    begin = time.perf_counter()
    result = failed = refused = None
    try:
        result = drive(task)
    except ConfigError as error:
        refused = str(error)
    except OSError as error:
        if error.errno in DISK_FULL:  # the next episodes would fail as well, and none of them is to blame
            refused = f"the worker cannot write: {error.strerror}"
        else:
            failed = bounded_text(traceback.format_exc())
    except MemoryError as error:
        share = grant_memory()  # not a byte may be left to tell of it, nor was for all of its traceback
        told = "".join(traceback.format_exception(error, chain=False)).rstrip()
        failed = f"{told}: beyond the worker's share of {share:.1f} GiB\n"
    except (Exception, SystemExit):  # of the environment; the agent's own are in its result
        failed = bounded_text(traceback.format_exc())
    wall_s = time.perf_counter() - begin
    if mostly_used():
        gc.collect()  # what the episode left in cycles is no leak
    return Answer(wall_s, result, failed, refused, spent=mostly_used())
