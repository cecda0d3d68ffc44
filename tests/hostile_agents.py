"""Agents that fail, cheat or do harm, each in its own way; imported in the agents' processes."""

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
    """Coasts; each of the others does one thing otherwise."""

    name: object = "hostile"
    privileged, trace = False, None

    def __init__(self, platform: Platform) -> None: ...

    def reset(self, seed: int) -> None: ...

    def act(self, observation: Observation) -> object:
        return COAST


# --- answers that are none -----------------------------------------------------------------------


class Answers(Hostile):
    """Returns ``answer``."""

    answer: object = None

    def act(self, observation: Observation) -> object:
        return type(self).answer


class Nothing(Answers): ...


class Text(Answers):
    answer = "straight on"


class TextInside(Answers):
    answer = Control("0.0", 0.0)  # type: ignore[arg-type]


class NotANumber(Answers):
    answer = Control(float("nan"), 0.0)


class Infinite(Answers):
    answer = Control(0.0, float("inf"))


class Huge(Answers):
    answer = Control(0.0, 1e300)


class WrongShape(Answers):
    answer = Control(np.zeros(3), 0.0)  # type: ignore[arg-type]


class HugeArray(Answers):
    answer = Control(np.zeros(25_000_000), 0.0)  # type: ignore[arg-type]


class Traces(Hostile):
    """Its trace is ``thought``."""

    thought: object = 3

    def act(self, observation: Observation) -> object:
        self.trace = type(self).thought  # type: ignore[assignment]
        return COAST


class NotATrace(Traces): ...


class TraceWithNotANumber(Traces):
    thought = StepTrace(COAST, stage_ms={"think": float("nan")})


class TraceOfNumbers(Traces):
    thought = StepTrace(COAST, notes=(1, 2))  # type: ignore[arg-type]


class TraceOfAnotherShape(Traces):
    thought = StepTrace(
        COAST, plan=Plan(*(np.zeros(4) for _ in range(6)), behaviour=Behaviour.CRUISE, reason="")
    )


class NumberAsName(Hostile):
    name = 7


class EndlessName(Hostile):
    name = "n" * 200_000_000


class LoneSurrogate(Hostile):
    def act(self, observation: Observation) -> object:
        raise ValueError("\ud800 is no character")


class HugeError(Hostile):
    def act(self, observation: Observation) -> object:
        raise ValueError("x" * 200_000_000 + " at the end")


class UnprintableError(Hostile):
    def act(self, observation: Observation) -> object:
        class WorseError(Exception):
            def __str__(self) -> str:
                raise RuntimeError("no text")

        raise WorseError


# --- ends ----------------------------------------------------------------------------------------


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
    """No other thread of its process ever runs again."""

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
    """Its children have sessions of their own, and it is gone before them."""

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
    """Takes memory that the limit of a process does not count."""

    held: ClassVar[list[object]] = []

    def act(self, observation: Observation) -> object:
        import mmap  # noqa: PLC0415

        while True:
            block = mmap.mmap(-1, 64 << 20)
            block.write(b"x" * len(block))
            self.held.append(block)
            time.sleep(0.02)


# --- messages of its own -------------------------------------------------------------------------


def own_connection() -> object:
    """The socket that its process answers over."""
    import socket  # noqa: PLC0415

    return next(one for one in gc.get_objects() if isinstance(one, socket.socket))


class Sends(Hostile):
    """Answers by itself, with ``raw``."""

    raw: Callable[[], bytes] = staticmethod(lambda: b"")

    def act(self, observation: Observation) -> object:
        own_connection().sendall(type(self).raw())  # type: ignore[attr-defined]
        time.sleep(600)
        return COAST


def message(body: bytes, number: int = 3, kind: int = 5, length: int | None = None) -> bytes:
    import struct  # noqa: PLC0415

    return struct.pack("<IIB", len(body) if length is None else length, number, kind) + body


class SendsTooMuch(Sends):
    raw = staticmethod(lambda: message(b"", length=200_000_000))


class SendsHalf(Sends):
    raw = staticmethod(lambda: message(b"half", length=5_000_000))


class SendsNoKind(Sends):
    raw = staticmethod(lambda: message(b"", kind=99))


class SendsAnOldNumber(Sends):
    raw = staticmethod(lambda: message(bytes(16), number=1))


class SendsNotANumber(Sends):
    raw = staticmethod(lambda: message(np.array([np.nan, 0.0]).tobytes()))


class SendsNothing(Sends):
    raw = staticmethod(lambda: message(b""))


class SendsDeepJson(Sends):
    raw = staticmethod(lambda: message(b"[" * 500_000, kind=7))


class SendsADeepTrace(Sends):
    raw = staticmethod(
        lambda: message(bytes(16) + (500_000).to_bytes(4, "little") + b"[" * 500_000)
    )


class SendsAPickle(Sends):
    raw = staticmethod(lambda: message(b"cos\nsystem\n(S'touch unpickled'\ntR.", kind=7))


# --- marks its own paper -------------------------------------------------------------------------


class MarksItself(Hostile):
    """Looks for the rollout and the world, and says it has completed."""

    name = "marks itself"

    def act(self, observation: Observation) -> object:
        from drive_stack.evaluation.result import Status  # noqa: PLC0415

        frame = sys._getframe()
        while frame is not None:
            for value in [*frame.f_locals.values(), *gc.get_objects()]:
                if type(value).__name__ == "Rollout":
                    value.status = Status.COMPLETED
            frame = frame.f_back  # type: ignore[assignment]
        return Control(0.0, -8.0)


class ReadsTheTruth(Hostile):
    """Tells by its note how many worlds it has found."""

    def act(self, observation: Observation) -> object:
        kinds = ("World", "WorldTruth", "DrivingEnv", "HighwayEnv", "Rollout", "WorldState")
        found = {type(one).__name__ for one in gc.get_objects() if type(one).__name__ in kinds}
        self.trace = StepTrace(COAST, notes=(f"found {sorted(found)}",))  # type: ignore[assignment]
        return COAST


def attempt(what: Callable[[], object]) -> str:
    try:
        what()
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
        tried = {
            "write": attempt(lambda: rows.write_text("mine")),
            "remove": attempt(rows.unlink),
            "memory": attempt(lambda: Path(f"/proc/{simulator}/mem").open("rb")),
            "signal": attempt(lambda: os.kill(simulator, 0)),
            "own folder": attempt(lambda: Path(os.environ["TMPDIR"], "file").write_text("mine")),
        }
        self.trace = StepTrace(COAST, notes=tuple(f"{key}: {value}" for key, value in tried.items()))  # type: ignore[assignment]
        return COAST


# --- things that cannot be built -----------------------------------------------------------------


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
    """Says that it reads the truth, and does."""

    name, privileged, looks = "privileged", True, False

    def __init__(self, platform: Platform, truth: object = None) -> None:
        assert truth is not None
        self.privileged = True


class Turncoat(Privileged):
    """Says so until it has it."""

    def __init__(self, platform: Platform, truth: object = None) -> None:
        self.privileged = False


class LeavesPrivileged(Privileged):
    def act(self, observation: Observation) -> object:
        sys.exit(0)
