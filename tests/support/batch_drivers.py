"""Ways to drive a task in tests of batches: importable by worker processes, and known to end as they do."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.rows import error_result
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.result import EpisodeResult, Status
from drive_stack.interfaces import Platform
from drive_stack.types import Control, Observation

UNLUCKY = 3  # the seed on which something happens
KILLED, LEAVES, HANGS = 2, 3, 5


def made_up(task: BatchTask) -> EpisodeResult:
    """A result at once, its figures told by the seed."""
    return replace(
        error_result(task, ""),
        status=Status.COMPLETED,
        route_completion=1.0,
        distance_m=100.0 + task.seed,
        duration_s=10.0,
        mean_speed_mps=10.0 + task.seed / 10.0,
        comfort=1.0,
        driving_score=100.0,
        error=None,
    )


def dangerous(task: BatchTask) -> EpisodeResult:
    """Some are killed, leave, or never come to an end."""
    if task.seed == KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    if task.seed == LEAVES:
        os._exit(7)
    if task.seed == HANGS:
        time.sleep(600.0)
    return made_up(task)


class Greedy:
    """An agent that drives well on all seeds but one; there it takes memory without end, and keeps it."""

    name, privileged, uses_camera, trace = "greedy", False, False, None
    hoard: ClassVar[list[bytearray]] = []
    size = 1 << 20

    def __init__(self, platform: Platform) -> None:
        self._seed = 0

    def reset(self, seed: int) -> None:
        self._seed = seed

    def act(self, observation: Observation) -> Control:
        while self._seed % 10 == UNLUCKY:
            self.hoard.append(bytearray(self.size))
        return Control(0.0, 0.0)


class Nibbling(Greedy):
    """Takes it in pieces so small that nothing is left."""

    size = 64


def attended(folder: Path, drive: Callable[[BatchTask], EpisodeResult], task: BatchTask) -> EpisodeResult:
    """Leaves a note of who begins, and on a Ray cluster at which address; takes its time."""
    address = ray.util.get_node_ip_address() if (ray := sys.modules.get("ray")) else "here"
    (folder / f"{task.seed} {address} {os.getpid()}").touch()
    time.sleep(1.0)
    return drive(task)


def cannot(task: BatchTask) -> EpisodeResult:
    if task.seed == UNLUCKY:
        raise ConfigError("weights.onnx: no such file")
    return made_up(task)


def observed(task: BatchTask) -> EpisodeResult:
    """Prints, tells how many threads numeric libraries may use as ``clamped_actions``, and fails once."""
    print("this belongs on no standard output", flush=True)
    if task.seed == UNLUCKY:
        raise RuntimeError("the road has a hole")
    return replace(made_up(task), clamped_actions=int(os.environ["OMP_NUM_THREADS"]))


def signalled(task: BatchTask) -> EpisodeResult:
    """Is asked to end, as a scheduler asks all processes at once; a program that it starts can be ended."""
    if task.seed == UNLUCKY:
        for number in (signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60.0)"]) as program:
            program.terminate()
        assert program.returncode == -signal.SIGTERM
    return made_up(task)


def on_a_full_disk(task: BatchTask) -> EpisodeResult:
    if task.seed == UNLUCKY:
        raise OSError(errno.ENOSPC, "No space left on device")
    if task.seed == HANGS:
        raise OSError(errno.ENOENT, "No such file or directory")
    return made_up(task)


class SlowToStart:
    """Unpickled in another process it ends that process the first ``failures`` times."""

    def __init__(self, folder: Path, failures: int) -> None:
        self._folder, self._failures = folder, failures

    def __call__(self, task: BatchTask) -> EpisodeResult:
        return made_up(task)

    def __reduce__(self) -> tuple[Callable[[Path, int], SlowToStart], tuple[Path, int]]:
        return started, (self._folder, self._failures)


def started(folder: Path, failures: int) -> SlowToStart:
    before = len(list(folder.iterdir()))
    if before < failures:
        (folder / str(before)).touch()
        os._exit(9)
    return SlowToStart(folder, failures)
