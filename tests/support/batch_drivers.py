"""Functions that drive a task in tests of batches; worker processes import them."""

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

UNLUCKY = 3  # the seed that fails
KILLED, LEAVES, HANGS = 2, 3, 5


def synthetic_result(task: BatchTask) -> EpisodeResult:
    """A result without driving, whose figures depend on the seed."""
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
    """Some seeds kill the process, end it, or never return."""
    if task.seed == KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    if task.seed == LEAVES:
        os._exit(7)
    if task.seed == HANGS:
        time.sleep(600.0)
    return synthetic_result(task)


class Greedy:
    """An agent that takes memory without end on one seed and keeps it; on all others it drives."""

    name, privileged, uses_camera, trace = "greedy", False, False, None
    blocks: ClassVar[list[bytearray]] = []
    size = 1 << 20

    def __init__(self, platform: Platform) -> None:
        self._seed = 0

    def reset(self, seed: int) -> None:
        self._seed = seed

    def act(self, observation: Observation) -> Control:
        while self._seed % 10 == UNLUCKY:
            self.blocks.append(bytearray(self.size))
        return Control(0.0, 0.0)


class Nibbling(Greedy):
    """Takes the memory in so small pieces that none remains."""

    size = 64


def drive_with_note(
    folder: Path, drive: Callable[[BatchTask], EpisodeResult], task: BatchTask
) -> EpisodeResult:
    """Leaves a note with seed, address of the Ray node and process id; then drives after a second."""
    address = ray.util.get_node_ip_address() if (ray := sys.modules.get("ray")) else "local"
    (folder / f"{task.seed} {address} {os.getpid()}").touch()
    time.sleep(1.0)
    return drive(task)


def drive_without_weights(task: BatchTask) -> EpisodeResult:
    if task.seed == UNLUCKY:
        raise ConfigError("weights.onnx: no such file")
    return synthetic_result(task)


def drive_and_print(task: BatchTask) -> EpisodeResult:
    """Prints; returns the threads of numeric libraries as ``clamped_actions``; fails on one seed."""
    print("this belongs on no standard output", flush=True)
    if task.seed == UNLUCKY:
        raise RuntimeError("the road has a hole")
    return replace(synthetic_result(task), clamped_actions=int(os.environ["OMP_NUM_THREADS"]))


def drive_despite_signals(task: BatchTask) -> EpisodeResult:
    """Gets the signals by which schedulers end all processes; a program that it starts can be ended."""
    if task.seed == UNLUCKY:
        for number in (signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60.0)"]) as program:
            program.terminate()
        assert program.returncode == -signal.SIGTERM
    return synthetic_result(task)


def drive_on_a_full_disk(task: BatchTask) -> EpisodeResult:
    if task.seed == UNLUCKY:
        raise OSError(errno.ENOSPC, "No space left on device")
    if task.seed == HANGS:
        raise OSError(errno.ENOENT, "No such file or directory")
    return synthetic_result(task)


class SlowToStart:
    """Ends the process that unpickles it, the first ``failures`` times."""

    def __init__(self, folder: Path, failures: int) -> None:
        self._folder, self._failures = folder, failures

    def __call__(self, task: BatchTask) -> EpisodeResult:
        return synthetic_result(task)

    def __reduce__(self) -> tuple[Callable[[Path, int], SlowToStart], tuple[Path, int]]:
        return start_slowly, (self._folder, self._failures)


def start_slowly(folder: Path, failures: int) -> SlowToStart:
    before = len(list(folder.iterdir()))
    if before < failures:
        (folder / str(before)).touch()
        os._exit(9)
    return SlowToStart(folder, failures)
