"""A worker process: receives tasks over a pipe and replies to each."""

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
from drive_stack.evaluation.batch.memory import limit_memory, memory_is_mostly_used, raise_memory_limit
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult
from drive_stack.support.worker_processes import ONE_THREAD, WorkerProcess

Drive = Callable[[BatchTask], EpisodeResult]
LOCAL_NODE = "this machine"
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has started."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of a task, or the reason why it has none."""

    wall_s: float
    result: EpisodeResult | None = None
    failure: str | None = None  # traceback of the environment
    config_error: str | None = None  # text of a `ConfigError`: no task of the batch can be driven
    must_restart: bool = False  # the worker holds too much memory to continue


class WorkerLostError(Exception):
    """A worker has ended; the message says how."""


class ProcessWorker:
    """The parent's end of one worker process."""

    def __init__(self, drive: Drive, memory_limit: int) -> None:
        serve = partial(_serve, drive=drive, memory_limit=memory_limit)
        self._process = WorkerProcess(serve, ONE_THREAD)
        self.connection = self._process.connection
        self.task: BatchTask | None = None
        self.node: str | None = None
        self._busy_since = time.monotonic()

    @property
    def busy_time(self) -> float:
        """Time since it received its task, or since its start [s]."""
        return time.monotonic() - self._busy_since

    def send(self, task: BatchTask) -> None:
        """Send a task. If the process is lost, only the next `receive` reports it."""
        self.task, self._busy_since = task, time.monotonic()
        try:
            self.connection.send(task)
        except OSError:
            return

    def receive(self) -> Ready | Reply | None:
        """The next message of the process; None if there is none yet. Raises `WorkerLostError`."""
        if not self.connection.poll():
            return None
        try:
            message: Ready | Reply = self.connection.recv()
        except (EOFError, OSError):
            raise WorkerLostError(self._process.exit_reason()) from None
        self.node = LOCAL_NODE
        return message

    def stop(self) -> None:
        """Stop the process at once."""
        self._process.stop()


class ProcessPool:
    """Workers that are processes of this machine, with a memory limit of ``memory_limit`` [B] each."""

    max_attempts = 1
    can_queue = False

    def __init__(self, drive: Drive, memory_limit: int) -> None:
        self._drive, self._memory_limit = drive, memory_limit

    def start(self) -> ProcessWorker:
        """Start a process; does not wait until it is ready."""
        return ProcessWorker(self._drive, self._memory_limit)

    def wait(self, workers: Sequence[ProcessWorker], timeout: float) -> None:
        """Return when one of the workers may have sent a message, at the latest after ``timeout`` [s]."""
        wait([worker.connection for worker in workers], timeout)

    def close(self) -> None:
        """Do nothing: the processes share nothing."""


def _serve(connection: Connection, drive: Drive, memory_limit: int) -> None:
    """Run in the worker process until its pipe is closed."""
    os.dup2(sys.stderr.fileno(), 1)  # only the parent writes to standard output
    limit_memory(memory_limit)
    try:
        connection.send(Ready())
        while True:
            connection.send(run_task(drive, connection.recv()))
    except (EOFError, OSError):
        return


def run_task(drive: Drive, task: BatchTask) -> Reply:
    """Drive a task. Exceptions of the drive become part of the reply."""
    start = time.perf_counter()
    result = failure = config_error = None
    try:
        result = drive(task)
    except ConfigError as error:
        config_error = str(error)
    except OSError as error:
        if error.errno in DISK_FULL:  # the next episodes would fail too, and no driver is at fault
            config_error = f"the worker cannot write: {error.strerror}"
        else:
            failure = bounded_text(traceback.format_exc())
    except MemoryError as error:
        limit = raise_memory_limit()  # there may be no memory left to report the error
        text = "".join(traceback.format_exception(error, chain=False)).rstrip()
        failure = f"{text}: beyond the worker's limit of {limit:.1f} GiB\n"
    except (Exception, SystemExit):  # of the environment; an agent's own exceptions are part of the result
        failure = bounded_text(traceback.format_exc())
    wall_s = time.perf_counter() - start
    if memory_is_mostly_used():
        gc.collect()  # reference cycles of the episode are no leak
    return Reply(wall_s, result, failure, config_error, must_restart=memory_is_mostly_used())
