"""A worker process: takes one task after another over a pipe, and answers each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

from drive_stack.config import ConfigError
from drive_stack.evaluation.batch.interrupts import interrupts_held
from drive_stack.evaluation.batch.tasks import EpisodeTask
from drive_stack.evaluation.result import EpisodeResult

Drive = Callable[[EpisodeTask], EpisodeResult]

# one core a worker; read when the libraries are loaded, which is before any code of ours runs there
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "OPENCV_FOR_THREADS_NUM",
    ),
    "1",
)


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


class Worker:
    """The parent's end of one worker process."""

    def __init__(self, drive: Drive) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, drive), daemon=True)
        with _environment(ONE_THREAD), interrupts_held():
            self._process.start()
        theirs.close()  # so that the pipe ends with the process
        self.task: EpisodeTask | None = None
        self._since = time.monotonic()

    @property
    def busy_for(self) -> float:
        """Since it got its task, or was started [s]."""
        return time.monotonic() - self._since

    def give(self, task: EpisodeTask) -> None:
        """Send a task; it is held even where the process has died, which shows when its answer is awaited."""
        self.task, self._since = task, time.monotonic()
        try:
            self.connection.send(task)
        except OSError:
            return

    def kill(self, patience: float = 0.0) -> str:
        """End the process; how it had ended by itself within ``patience`` [s], in words."""
        self._process.join(patience)
        code = self._process.exitcode
        self._process.kill()
        self._process.join()
        self.connection.close()
        if code is None:
            return "stopped"
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"


def _serve(connection: Connection, drive: Drive) -> None:
    """The worker's own life: until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    os.dup2(sys.stderr.fileno(), 1)  # standard output is the parent's alone
    try:
        connection.send(Ready())
        while True:
            connection.send(_answer(drive, connection.recv()))
    except (EOFError, OSError):
        return


def _answer(drive: Drive, task: EpisodeTask) -> Answer:
    begin = time.perf_counter()
    try:
        result = drive(task)
    except ConfigError as error:
        return Answer(time.perf_counter() - begin, refused=str(error))
    except Exception:  # of the environment; the agent's own are in its result
        return Answer(time.perf_counter() - begin, failed=traceback.format_exc())
    return Answer(time.perf_counter() - begin, result=result)


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    """Environment variables for the processes started meanwhile."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
