"""Worker processes: order, errors, lost workers, and the end of workers whose parent is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from drive_stack.errors import ConfigError
from drive_stack.support.worker_processes import ONE_THREAD, run_in_processes

PARENT = """

from drive_stack.support.worker_processes import run_in_processes
from test_worker_processes import busy

if __name__ == "__main__":
    list(run_in_processes(busy, range(2), 2))
"""


def busy(_: int) -> None:
    print(os.getpid(), flush=True)
    time.sleep(120.0)


def slow_when_first(number: int) -> int:
    if number == 0:
        time.sleep(1.0)
    return number * number


def thread_limit(_: int) -> str:
    return os.environ["OMP_NUM_THREADS"]


def fail(number: int) -> int:
    if number == 1:
        raise ConfigError("a wrong file")
    if number == 2:
        raise ZeroDivisionError("by zero")
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_results_come_in_order_or_as_they_are_completed() -> None:
    assert list(run_in_processes(slow_when_first, range(4), 2)) == [0, 1, 4, 9]
    assert list(run_in_processes(slow_when_first, range(4), 2, in_order=False)) == [1, 4, 9, 0]
    assert list(run_in_processes(slow_when_first, [], 2)) == []


def test_workers_have_the_requested_environment() -> None:
    assert list(run_in_processes(thread_limit, [0], 1, environment=ONE_THREAD)) == ["1"]


@pytest.mark.parametrize(
    ("number", "error", "message"),
    [
        (1, ConfigError, "a wrong file"),
        (2, RuntimeError, "in a worker process: ZeroDivisionError: by zero"),
        (3, ConfigError, "a worker process was lost: killed by SIGKILL"),
    ],
)
def test_an_error_of_a_worker_is_raised_in_one_line(
    number: int, error: type[Exception], message: str
) -> None:
    results = run_in_processes(fail, [0, number], 1)
    assert next(results) == 0
    with pytest.raises(error, match=message) as caught:
        next(results)
    assert "\n" not in str(caught.value) and multiprocessing.active_children() == []


def test_closing_the_results_stops_the_workers() -> None:
    results = run_in_processes(fail, [0] * 10, 2)
    next(results)
    assert len(multiprocessing.active_children()) == 2
    results.close()
    assert multiprocessing.active_children() == []


def test_workers_end_with_a_parent_that_is_killed() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(["", str(Path(__file__).parent)])}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert parent.stdout is not None
    workers = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
    parent.kill()
    parent.wait()
    remaining = psutil.wait_procs(workers, timeout=20.0)[1]
    for worker in remaining:
        worker.kill()
    assert not remaining
