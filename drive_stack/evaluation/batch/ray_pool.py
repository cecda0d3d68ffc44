"""Workers that are actors of a Ray cluster; imported only where Ray is asked for."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import ray
from ray.actor import ActorHandle
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayError

from drive_stack.errors import ConfigError
from drive_stack.evaluation.batch.fingerprint import code_state
from drive_stack.evaluation.batch.memory import limit_memory, memory_share
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.worker import Answer, Drive, Ready, WorkerLostError, answer
from drive_stack.evaluation.run_facts import versions
from drive_stack.support.interrupts import termination_kept
from drive_stack.support.worker_processes import ONE_THREAD

OBJECT_STORE = 100 * 2**20  # of a Ray started for the while [B]; tasks and answers are small
# nobody else is meant to come; Ray would take 127.0.0.1 for the machine's outer address
LOOPBACK = "127.0.0.2" if sys.platform == "linux" else None
# Ray's processes read it. Without it, one of them opens a UDP socket to 8.8.8.8 to learn its own address.
LOOPBACK_ONLY = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
CONNECT_LIMIT = 10.0  # for a cluster's head to answer [s]
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an actor is, and what it would drive with."""

    node: str  # Ray's id of it
    host: str
    made_of: dict[str, str]


class Driver:
    """An actor's own life."""

    def __init__(self, drive: Drive, folder: str) -> None:
        self._drive = drive
        with suppress(OSError):  # another machine may not have it, nor need it
            os.chdir(folder)  # configurations and scenarios may be given by paths from there
        limit_memory(memory_share(os.cpu_count() or 1))  # an actor has one core

    def place(self) -> Place:
        """Answered once it has started."""
        return Place(ray.get_runtime_context().get_node_id(), ray.util.get_node_ip_address(), made_of())

    def answer(self, task: BatchTask) -> Answer:
        """What comes of a task."""
        return answer(self._drive, task)


def made_of() -> dict[str, str]:
    """Versions and files that decide an episode; rows are the same only where these are."""
    packages = [ROOT / name for name in ("drive_stack", "envs", "agents")]
    return versions() | {
        "sources": code_state(path for path in packages if path.is_dir()),
        "configurations": _contents(sorted((ROOT / "configs").rglob("*.yaml"))),
        "networks": _contents(sorted((ROOT / "drive_stack" / "models").glob("*.onnx"))),
    }


def _contents(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(ROOT).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


class RayWorker:
    """This process's end of one actor."""

    def __init__(self, actor: ActorHandle[Driver]) -> None:
        self._actor = actor
        self.reply: ray.ObjectRef[object] | None = actor.place.remote()  # that is awaited
        self.task: BatchTask | None = None
        self.place: str | None = None
        self._where = ""
        self._since = time.monotonic()

    @property
    def busy_for(self) -> float:
        """Since it got its task, or was hired [s]."""
        return time.monotonic() - self._since

    def give(self, task: BatchTask) -> None:
        """Send a task; where the actor has died, `message` tells."""
        self.task, self._since = task, time.monotonic()
        self.reply = self._actor.answer.remote(task)

    def message(self) -> Ready | Answer | None:
        """What has come from it; None for nothing yet. Raises `WorkerLostError`, and `ConfigError` where it
        lives among other sources or versions than these."""
        if self.reply is None or not ray.wait([self.reply], timeout=0)[0]:
            return None
        try:
            message = ray.get(self.reply)
        except RayError as error:
            raise WorkerLostError(_reason(error) + self._where) from None
        self.reply = None
        if isinstance(message, Place):
            _check(message)
            self.place, self._where = message.node, f" (node {message.host})"
            return Ready()
        return cast(Answer, message)

    def end(self) -> None:
        """Stop the actor at once."""
        with suppress(RayError):
            ray.kill(self._actor, no_restart=True)


class RayCrew:
    """Actors of one core each, spread over a cluster's nodes."""

    tries = 3  # a node may be lost: no fault of the episode
    queues = True

    def __init__(self, drive: Drive, workers: int, address: str | None) -> None:
        self._drive = drive
        with ExitStack() as leave:
            leave.enter_context(redirect_stdout(sys.stderr))  # Ray tells there of nodes that are lost
            if not ray.is_initialized():
                leave.callback(ray.shutdown)
                _connect(address or os.environ.get("RAY_ADDRESS") or "local", workers)
            self._leave = leave.pop_all()
        self._hire = ray.remote(Driver).options(
            num_cpus=1,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
            runtime_env={"env_vars": {**ONE_THREAD, "PYTHONPATH": _python_path()}},
        )

    def hire(self) -> RayWorker:
        """Begin to start one; it waits for a free core."""
        return RayWorker(self._hire.remote(self._drive, str(Path.cwd())))

    def wait(self, workers: Sequence[RayWorker], timeout: float) -> None:
        """Return when there may be a message from one of them, at the latest after ``timeout`` [s]."""
        replies = [worker.reply for worker in workers if worker.reply is not None]
        if replies:
            ray.wait(replies, timeout=timeout)

    def close(self) -> None:
        """Leave the cluster; one that was started for the while is stopped."""
        self._leave.close()


def _connect(address: str, workers: int) -> None:
    own = {
        "num_cpus": workers,
        "object_store_memory": OBJECT_STORE,
        "include_dashboard": False,
        "_node_ip_address": LOOPBACK,
    }
    if address not in ("local", "auto"):
        _reach(address)
    if address == "local":
        _bring_token()
        os.environ.setdefault(LOOPBACK_ONLY, "0")
    try:
        with termination_kept():
            ray.init(
                address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **(own if address == "local" else {}),
            )
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        raise ConfigError(f"--address {address}: {_first_line(error)}") from None


def _bring_token() -> None:
    """Let a cluster of our own ask for a token of the moment; Ray would write one into the home directory."""
    if not any(name in os.environ for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def _reach(address: str) -> None:
    """Raises `ConfigError` where nobody answers there; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and len(port) <= 5):
        raise ConfigError(f"--address {address}: expected HOST:PORT of a Ray cluster's head, or auto")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_LIMIT).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(f"--address {address}: no Ray cluster answers there: {error}") from None


def _python_path() -> str:
    """What this process imports from besides its own installation, then what a node has of its own."""
    entries = [ROOT, *(Path(entry).resolve() for entry in sys.path)]
    installed = (sys.prefix, sys.base_prefix)
    own = [str(entry) for entry in entries if not any(map(entry.is_relative_to, installed)) or entry == ROOT]
    return os.pathsep.join([*dict.fromkeys(own), "${PYTHONPATH}"])


def _check(place: Place) -> None:
    here = made_of()
    other = sorted(name for name in here.keys() | place.made_of if here.get(name) != place.made_of.get(name))
    if other:
        raise ConfigError(
            f"node {place.host} differs from this machine in {', '.join(other)}; its rows would not be "
            "the same: lay the same checkout and the same packages there"
        )


def _reason(error: RayError) -> str:
    """Why an actor is no more, in a line; Ray gives pages."""
    if isinstance(error, ActorUnavailableError):
        return "its node does not answer"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    if "Traceback" in str(error):
        return lines[-1]
    if isinstance(error, ActorDiedError):  # its first line is general
        lines = [line for line in lines[1:] if line.startswith("The actor")] or lines
    reason = re.sub(r"Worker exit type: \S+ Worker exit detail: ", "", lines[0])
    return reason.partition(" Some common causes")[0]


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
