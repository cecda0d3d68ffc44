"""Worker processes. All are started by this module, and they end with the process that started them.

`run_in_processes` is sufficient for most callers. Batches of the evaluation add time limits and replace lost
workers, so they start each `WorkerProcess` themselves.
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

# One core per worker. Numeric libraries read these variables when they are loaded, which is before any code
# of this project runs in the new process.
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
_EXIT_TIMEOUT = 5.0  # for the exit of a process that closed its pipe [s]


class WorkerProcess:
    """The parent's end of a spawned process and of the pipe to it."""

    def __init__(self, serve: Callable[[Connection], None], environment: Mapping[str, str]) -> None:
        """Start a process that runs ``serve`` on its end of the pipe, with additional variables."""
        context = multiprocessing.get_context("spawn")
        self.connection, remote = context.Pipe()
        self._process = context.Process(target=_run, args=(serve, remote), daemon=True)
        with _environment(environment), defer_interrupts():
            self._process.start()
        remote.close()  # so that the pipe closes when the process ends

    def stop(self) -> None:
        """Kill the process, which may have ended already."""
        self._process.kill()
        self._process.join()
        self.connection.close()

    def exit_reason(self) -> str:
        """Describe how the process ended. Call this after its pipe has closed."""
        self._process.join(_EXIT_TIMEOUT)
        code = self._process.exitcode
        if code is None:
            return "it closed its pipe"
        if code >= 0:
            return f"ended with exit code {code}"
        name = signal.Signals(-code).name
        return f"killed by {name}" + (" (by hand, or for want of memory)" if name == "SIGKILL" else "")


def run_in_processes(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int,
    *,
    in_order: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Generator[Result, None, None]:
    """Yield the result of ``function`` for each item, in the order of the items or in order of completion.

    The function, items and results are pickled. No process remains when the iterator ends or is closed.

    Raises:
        ConfigError: if ``function`` raises it, or a worker process is killed or exits.
        RuntimeError: if ``function`` raises any other exception; the message is one line.
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
    """Process items until the pipe is closed."""
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
    # The parent decides when workers end. Terminals, schedulers and containers signal all processes at once,
    # and a worker that ended before the parent would count as lost.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in TERMINATION:  # unlike SIG_IGN, a handler is not inherited by programs that an agent starts
        signal.signal(number, lambda *_: None)
    end_with_parent()
    serve(connection)


def end_with_parent() -> None:
    """End this process, whatever it is doing, as soon as its parent has ended."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for processes that are started in this context."""
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
