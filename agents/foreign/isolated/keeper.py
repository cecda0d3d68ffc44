"""The keeper: starts an agent's process and ends it with everything that it has started.

It lives as long as its standard input is open, which the simulator holds. Being small and apart, it ends an
agent that never comes to its end, also where the simulator itself was killed. On Linux, descendants that
have left the agent's process group, or whose parents have ended, come back to it.
"""

from __future__ import annotations

import ctypes
import os
import resource
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

OUT_OF_MEMORY = 200  # the keeper's exit code where the agent took more than its share
KILLED = 128  # plus the signal, where the agent was killed by one
_SUBREAPER, _DEATH_SIGNAL = 36, 1  # options of prctl
_LOOK = 0.5  # between two looks at the memory [s]
_PATIENCE = 5.0  # to end descendants that start others meanwhile [s]


def main(descriptor: int) -> None:
    """A keeper's life; ``descriptor`` is the agent's connection. Never returns."""

    def serve_agent(folder: Path) -> None:
        from agents.foreign.isolated.child import serve  # noqa: PLC0415 - the keeper itself stays small

        serve(descriptor, folder)

    sys.exit(keep(serve_agent, descriptor))


def keep(agent: Callable[[Path], None], descriptor: int) -> int:
    """Run ``agent`` in a child of this process; how that ended, as an exit code.

    ``agent`` gets a temporary folder, which is removed after it. ``descriptor`` is the agent's alone.
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
    """Kill whatever of the agent still runs, in its process group and elsewhere."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError):
            os.killpg(agent, signal.SIGKILL)
        for one in descendants():
            with suppress(OSError):
                os.kill(one, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return  # nobody is left
        time.sleep(0.005)


def descendants() -> list[int]:
    """Of this process; none where there is no /proc."""
    children = defaultdict(list)
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):  # it has ended meanwhile
            parent = int(status.read_text(errors="replace").rpartition(")")[2].split()[1])
            children[parent].append(int(status.parent.name))
    found, waiting = [], [os.getpid()]
    while waiting:
        own = children[waiting.pop()]
        found += own
        waiting += own
    return found


def _become_agent(agent: Callable[[Path], None], folder: Path) -> None:
    """Never returns."""
    code = 1
    try:
        os.setsid()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the simulator decides
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
    """Until the agent has ended, the simulator lets go of it, or it takes too much memory."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    watched = limit != resource.RLIM_INFINITY
    while True:
        with suppress(ChildProcessError):
            ended, status = os.waitpid(agent, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else KILLED - code
        ready, _, _ = select.select([0, reading], [], [], _LOOK if watched else None)
        if 0 in ready:
            return 0
        if reading in ready:
            os.read(reading, 4096)
        elif watched and memory_of(descendants()) > limit:
            return OUT_OF_MEMORY


def memory_of(processes: list[int]) -> int:
    """What they hold together, with memory that they share counted once [bytes].

    The limit of one process counts neither shared memory nor what others of the group hold.
    """
    total = 0
    for process in processes:
        with suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                    total += int(line.split()[1]) * 1024
    return total
