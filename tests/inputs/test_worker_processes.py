"""What becomes of workers whose parent is killed."""

from __future__ import annotations

import subprocess
import sys

import psutil

PARENT = """
import multiprocessing, os, time
from drive_stack.support.worker_processes import end_with_parent

def busy(_):
    print(os.getpid(), flush=True)
    time.sleep(120.0)

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2, end_with_parent) as pool:
        pool.map(busy, range(2), chunksize=1)
"""


def test_workers_end_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
    parent.kill()
    parent.wait()
    left = psutil.wait_procs(workers, timeout=20.0)[1]
    for worker in left:
        worker.kill()
    assert not left
