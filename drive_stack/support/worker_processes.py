"""Worker processes: the one place that starts them. They end with the process that started them.

`run_in_processes` is enough for most callers; evaluation's batches add time limits and replace lost workers,
and start their `WorkerProcess` themselves.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import TypeVar, cast

from drive_stack.errors import ConfigError
from drive_stack.support.interrupts import TERMINATION, defer_interrupts

Item = TypeVar("Item")
Result = TypeVar("Result")

# One core for each worker. Numeric libraries read these when they are loaded, which is before any of our code
# runs in the new process.
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
_EXIT_TIMEOUT = 5.0  # for a process that closed its pipe to exit [s]


class WorkerProcess:
    """The parent's end of a spawned process and of the pipe to it."""

    def __init__(self, serve: Callable[[Connection], None], environment: Mapping[str, str]) -> None:
        """Start a process that runs ``serve`` with its end of the pipe, under some environment variables."""
        context = multiprocessing.get_context("spawn")
        self.connection, remote = context.Pipe()
        self._process = context.Process(target=_run, args=(serve, remote), daemon=True)
        with _environment(environment), defer_interrupts():
            self._process.start()
        remote.close()  # so that the pipe ends with the process

    def stop(self) -> None:
        """Kill the process; harmless where it has ended."""
        self._process.kill()
        self._process.join()
        self.connection.close()

    def exit_reason(self) -> str:
        """How the process ended; to be called once its pipe is closed."""
        self._process.join(_EXIT_TIMEOUT)
        code = self._process.exitcode
        if code is None:
            return "it closed its pipe"
        if code == -signal.SIGKILL:
            return "killed by SIGKILL (by hand, or for want of memory)"
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def run_in_processes(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int,
    *,
    in_order: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Generator[Result, None, None]:
    """The results of ``function`` for each item, in the items' order, or as they are completed.

    Function, items and results are pickled. A `ConfigError` of ``function`` is raised here, any other
    exception as a `RuntimeError` of one line. No process remains when the iterator ends or is closed.

    Raises:
        ConfigError: where a worker process is killed or exits.
    """
    waiting, busy = deque(enumerate(items)), dict[Connection, tuple[int, WorkerProcess]]()
    processes: list[WorkerProcess] = []
    results: dict[int, Result] = {}
    next_index = 0

    def send_next(process: WorkerProcess) -> None:
        if waiting:
            index, item = waiting.popleft()
            busy[process.connection] = index, process
            process.connection.send(item)

    try:
        for _ in range(min(workers, len(items))):
            processes.append(WorkerProcess(partial(_answer_all, function=function), environment or {}))
            send_next(processes[-1])
        while busy:
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                index, process = busy.pop(ready)
                results[index] = cast(Result, _receive(process))
                send_next(process)
            while results and (not in_order or next_index in results):
                index = next_index if in_order else next(iter(results))
                yield results.pop(index)
                next_index += 1
    finally:
        with defer_interrupts():
            for process in processes:
                process.stop()


@dataclass(frozen=True, slots=True)
class _Failure:
    """An exception in place of a result."""

    error: Exception


def _receive(process: WorkerProcess) -> object:
    try:
        message: object = process.connection.recv()
    except (EOFError, OSError):
        raise ConfigError(f"a worker process was lost: {process.exit_reason()}") from None
    if isinstance(message, _Failure):
        raise message.error
    return message


def _answer_all(connection: Connection, function: Callable[[Item], object]) -> None:
    """The life of a worker: until its pipe is closed."""
    try:
        while True:
            item: Item = connection.recv()
            connection.send(_answer(function, item))
    except (EOFError, OSError):
        return


def _answer(function: Callable[[Item], object], item: Item) -> object:
    try:
        return function(item)
    except ConfigError as error:
        return _Failure(error)
    except Exception as error:
        failure = RuntimeError(f"in a worker process: {type(error).__name__}: {error}")
        failure.add_note(traceback.format_exc())
        return _Failure(failure)


def _run(serve: Callable[[Connection], None], connection: Connection) -> None:
    # The parent decides when workers end. A terminal, a scheduler or a container signals all processes at
    # once; a worker that ended first would count as lost.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in TERMINATION:  # a handler is not inherited by the programs that an agent starts
        signal.signal(number, lambda *_: None)
    end_with_parent()
    serve(connection)


def end_with_parent() -> None:
    """From now on, end this process when its parent has ended, whatever it is doing."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
