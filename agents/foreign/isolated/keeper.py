"""The keeper: starts an agent's process, and ends it together with all its descendants.

It runs as long as its standard input is open, which the simulator holds. As a small separate process, it
also ends an agent that never returns, and the agent of a simulator that was killed. On Linux, it adopts
descendants that have left the agent's process group or whose parents have ended.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

OUT_OF_MEMORY = 200  # the keeper's exit code for an agent that exceeded its memory limit
KILLED = 128  # exit code of an agent that was killed: this plus the signal
_SUBREAPER, _DEATH_SIGNAL = 36, 1  # options of prctl
_MEMORY_CHECK_PERIOD = 0.5  # between two checks of the memory [s]
_KILL_TIMEOUT = 5.0  # for killing descendants that keep starting others [s]


def main(descriptor: int) -> None:
    """Run the keeper; ``descriptor`` is the agent's connection. Never returns."""

    def serve_agent(folder: Path) -> None:
        from .child import serve  # noqa: PLC0415 - the keeper process stays small

        serve(descriptor, folder)

    sys.exit(keep(serve_agent, descriptor))


def keep(agent: Callable[[Path], None], descriptor: int) -> int:
    """Run ``agent`` in a child of this process; returns the exit code.

    ``agent`` gets a temporary folder, which is removed at the end. Only the agent keeps ``descriptor``.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    folder = Path(tempfile.mkdtemp(prefix="drive-stack-agent-"))
    child = os.fork()
    if child == 0:
        _become_agent(agent, folder)
    os.close(descriptor)  # so that the connection ends with the agent
    try:
        return _watch(child)
    finally:
        end_descendants(child)
        shutil.rmtree(folder, ignore_errors=True)


def end_descendants(agent: int) -> None:
    """Kill all remaining processes of the agent, in its process group and elsewhere."""
    deadline = time.monotonic() + _KILL_TIMEOUT
    while time.monotonic() < deadline:
        with suppress(OSError):
            os.killpg(agent, signal.SIGKILL)
        for process in descendants():
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return  # no descendant remains
        time.sleep(0.005)


def descendants() -> list[int]:
    """Ids of all descendants of this process; empty without /proc."""
    children = defaultdict(list)
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):  # it has ended meanwhile
            parent = int(status.read_text(errors="replace").rpartition(")")[2].split()[1])
            children[parent].append(int(status.parent.name))
    processes, waiting = [], [os.getpid()]
    while waiting:
        direct = children[waiting.pop()]
        processes += direct
        waiting += direct
    return processes


def _become_agent(agent: Callable[[Path], None], folder: Path) -> None:
    """Run the agent in this child process. Never returns."""
    code = 1
    try:
        os.setsid()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the simulator decides when the agent ends
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None
        agent(folder)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _watch(agent: int) -> int:
    """Wait until the agent ends, the simulator closes the input, or the memory limit is exceeded."""
    import resource  # noqa: PLC0415 - Windows has none, and imports this module for its exit codes

    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    has_limit = limit != resource.RLIM_INFINITY
    while True:
        with suppress(ChildProcessError):
            ended, status = os.waitpid(agent, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else KILLED - code
        ready, _, _ = select.select([0, read_end], [], [], _MEMORY_CHECK_PERIOD if has_limit else None)
        if 0 in ready:
            return 0
        if read_end in ready:
            os.read(read_end, 4096)
        elif has_limit and memory_of(descendants()) > limit:
            return OUT_OF_MEMORY


def memory_of(processes: list[int]) -> int:
    """Total memory of the processes; memory that they share is counted once [bytes].

    The limit of a single process covers neither shared memory nor other processes of the group.
    """
    total = 0
    for process in processes:
        with suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                    total += int(line.split()[1]) * 1024
    return total
