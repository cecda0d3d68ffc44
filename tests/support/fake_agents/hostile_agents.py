"""Agents for tests that fail, cheat or do harm; the agents' processes import this module."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np

from drive_stack.interfaces import Platform
from drive_stack.types import Behaviour, Control, Observation, Plan, StepTrace

COAST = Control(0.0, 0.0)


class Hostile:
    """An agent that coasts; each subclass misbehaves in one way."""

    name: object = "hostile"
    privileged, trace = False, None

    def __init__(self, platform: Platform) -> None: ...

    def reset(self, seed: int) -> None: ...

    def act(self, observation: Observation) -> object:
        return COAST


# --- invalid answers -----------------------------------------------------------------------


class Answers(Hostile):
    """Returns one of `ANSWERS` after another, selected by the observed speed."""

    def act(self, observation: Observation) -> object:
        return ANSWERS[int(observation.speed)]


ANSWERS: list[object] = [
    None,
    "straight on",
    (0.0, 0.0),
    Control("0.0", 0.0),  # type: ignore[arg-type]
    Control(None, 0.0),  # type: ignore[arg-type]
    Control(float("nan"), 0.0),
    Control(0.0, float("inf")),
    Control(0.0, 1e300),
    Control(np.zeros(3), 0.0),  # type: ignore[arg-type]
    Control(0.0, np.zeros((1, 1))),  # type: ignore[arg-type]
    Control(np.zeros(25_000_000), 0.0),  # type: ignore[arg-type]
]


class Traces(Hostile):
    """Its trace is one of `TRACES` after another, selected by the observed speed."""

    def act(self, observation: Observation) -> object:
        self.trace = TRACES[int(observation.speed)]  # type: ignore[assignment]
        return COAST


def plan(*, points: int = 4, times: int = 4, value: float = 0.0) -> Plan:
    line = np.full(points, value)
    return Plan(
        np.arange(float(times)), np.zeros((points, 2)), line, line, line, line, Behaviour.CRUISE, reason="why"
    )


TRACES: list[object] = [
    3,
    StepTrace(COAST, stage_ms={"think": float("nan")}),
    StepTrace(COAST, stage_ms={3: 1.0}),  # type: ignore[dict-item]
    StepTrace(COAST, notes=(1, 2)),  # type: ignore[arg-type]
    StepTrace(COAST, notes="a text"),  # type: ignore[arg-type]
    StepTrace(COAST, plan=plan(times=3)),
    StepTrace(COAST, plan=plan(points=0, times=0)),
    StepTrace(COAST, plan=plan(value=float("nan"))),
    StepTrace(COAST, plan="a plan"),  # type: ignore[arg-type]
    StepTrace(COAST, tracks=3),  # type: ignore[arg-type]
    StepTrace(COAST, plan=plan(points=200_000, times=200_000)),
]


class NumberAsName(Hostile):
    name = 7


class EndlessName(Hostile):
    name = "n" * 200_000_000


class WorseError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Errors(Hostile):
    """Raises one error after another, selected by the observed speed."""

    def act(self, observation: Observation) -> object:
        if observation.speed == 0.0:
            raise ValueError("\ud800 is no character")
        if observation.speed == 1.0:
            raise ValueError("x" * 200_000_000 + " at the end")
        raise WorseError


# --- how they end -------------------------------------------------------------------------------


class Leaves(Hostile):
    def act(self, observation: Observation) -> object:
        sys.exit(0)


class LeavesAtOnce(Hostile):
    def act(self, observation: Observation) -> object:
        os._exit(0)


class Killed(Hostile):
    def act(self, observation: Observation) -> object:
        os.kill(os.getpid(), signal.SIGKILL)
        return COAST


class Endless(Hostile):
    def act(self, observation: Observation) -> object:
        while True:
            pass


class EndlessHoldingTheLock(Hostile):
    """Blocks while it holds the interpreter lock, so no other thread of its process runs again."""

    def act(self, observation: Observation) -> object:
        ctypes.PyDLL(None).sleep(10_000)
        return COAST


class Talkative(Hostile):
    def act(self, observation: Observation) -> object:
        while True:
            print("\x1b[31mso much to say", flush=True)


class ClosesItsDescriptors(Hostile):
    def act(self, observation: Observation) -> object:
        os.closerange(0, 1000)
        return COAST


class LeavesChildren(Hostile):
    """Its children have separate sessions, and it ends before they do."""

    def act(self, observation: Observation) -> object:
        for _ in range(2):
            subprocess.Popen(
                [sys.executable, "-c", f"import time; time.sleep(600)  # {os.environ['HOSTILE_MARK']}"],
                start_new_session=True,
                stdout=subprocess.DEVNULL,
            )
        if os.fork():
            os._exit(0)
        os.setsid()
        time.sleep(600)
        return COAST


class SharesMemory(Hostile):
    """Takes shared memory, which the operating system's limit of a process does not include."""

    blocks: ClassVar[list[object]] = []

    def act(self, observation: Observation) -> object:
        import mmap  # noqa: PLC0415

        while True:
            block = mmap.mmap(-1, 64 << 20)
            block.write(b"x" * len(block))
            self.blocks.append(block)
            time.sleep(0.02)


# --- manipulates its own result -----------------------------------------------------------------


class MarksItself(Hostile):
    """Looks for the rollout in its first step, sets it to completed, and stands still."""

    name = "marks itself"
    searched = False

    def act(self, observation: Observation) -> object:
        if not self.searched:
            from drive_stack.evaluation.result import Status  # noqa: PLC0415

            for value in gc.get_objects():
                if type(value).__name__ == "Rollout":
                    value.status = Status.COMPLETED
            self.searched = True
        return Control(0.0, -8.0)


class ReadsTheTruth(Hostile):
    """Its note lists the world objects that it found in memory."""

    def act(self, observation: Observation) -> object:
        kinds = ("World", "WorldTruth", "DrivingEnv", "HighwayEnv", "Rollout", "WorldState")
        found = {type(entry).__name__ for entry in gc.get_objects() if type(entry).__name__ in kinds}
        self.trace = StepTrace(COAST, notes=(f"found {sorted(found)}",))  # type: ignore[assignment]
        return COAST


def attempt(action: Callable[[], object]) -> str:
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "done"


class ReachesOut(Hostile):
    """Tries to write to the run's folder, to read the simulator's memory, and to stop it."""

    def act(self, observation: Observation) -> object:
        keeper = os.getppid()
        status = Path(f"/proc/{keeper}/stat").read_text().rpartition(")")[2].split()
        simulator = int(status[1])
        rows = Path(os.environ["HOSTILE_MARK"])
        confined = "NUMBA_CACHE_DIR" in os.environ
        results = {
            "confined": str(confined),
            "write": attempt(lambda: rows.write_text("mine")),
            "remove": attempt(rows.unlink),
            "memory": attempt(lambda: os.open(f"/proc/{simulator}/mem", os.O_RDONLY)),
            "signal": attempt(lambda: os.kill(simulator, 0)),
            "own folder": attempt(lambda: Path(os.environ["TMPDIR"], "file").write_text("mine")),
        }
        self.trace = StepTrace(COAST, notes=tuple(f"{key}: {value}" for key, value in results.items()))  # type: ignore[assignment]
        return COAST


# --- agents that cannot be built -----------------------------------------------------------------


class FailsInInit(Hostile):
    def __init__(self, platform: Platform) -> None:
        raise RuntimeError("no licence\nfor this computer")


class LeavesInInit(Hostile):
    def __init__(self, platform: Platform) -> None:
        sys.exit("bye")


class EndsInInit(Hostile):
    def __init__(self, platform: Platform) -> None:
        os._exit(0)


class TakesNoPlatform(Hostile):
    def __init__(self) -> None: ...


class NoAgent:
    def __init__(self, platform: Platform) -> None: ...


NUMBER = 3


class Privileged(Hostile):
    """Is marked as privileged, and needs the truth."""

    name, privileged, uses_camera = "privileged", True, False

    def __init__(self, platform: Platform, truth: object = None) -> None:
        assert truth is not None
        self.privileged = True


class InconsistentlyPrivileged(Privileged):
    """The class is marked as privileged, but the object is not."""

    def __init__(self, platform: Platform, truth: object = None) -> None:
        self.privileged = False


class LeavesPrivileged(Privileged):
    def act(self, observation: Observation) -> object:
        sys.exit(0)
