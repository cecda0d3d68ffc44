"""Workers that are actors of a Ray cluster; imported only if Ray is requested."""

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
from drive_stack.evaluation.batch.fingerprint import source_hash
from drive_stack.evaluation.batch.memory import limit_memory, memory_per_worker
from drive_stack.evaluation.batch.tasks import BatchTask
from drive_stack.evaluation.batch.worker import Drive, Ready, Reply, WorkerLostError, run_task
from drive_stack.evaluation.run_facts import versions
from drive_stack.support.interrupts import preserve_termination_handlers
from drive_stack.support.layout import CONFIGS, IMPORT_FOLDER, MODELS, SOURCES
from drive_stack.support.worker_processes import ONE_THREAD

OBJECT_STORE = 100 * 2**20  # of a cluster that is started for one batch [B]; tasks and replies are small
# Other machines must not connect. Ray would replace 127.0.0.1 by the machine's external address.
LOOPBACK = "127.0.0.2" if sys.platform == "linux" else None
# Ray's processes read it. Without it, one of them opens a UDP socket to 8.8.8.8 to find its address.
LOOPBACK_ONLY = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
CONNECT_LIMIT = 10.0  # within which a cluster's head must answer [s]


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """The node that an actor runs on, and the code and packages that it has."""

    id: str  # Ray's
    host: str  # IP address
    environment: dict[str, str]  # see `environment_facts`


class Driver:
    """Runs in the actor's process."""

    def __init__(self, drive: Drive, folder: str) -> None:
        self._drive = drive
        with suppress(OSError):  # the folder may be absent on another machine, which then does not need it
            os.chdir(folder)  # paths of configurations and scenarios may be relative to it
        limit_memory(memory_per_worker(os.cpu_count() or 1))  # an actor has one core

    def node_facts(self) -> NodeFacts:
        """The actor's node; the reply says that the actor has started."""
        node = ray.get_runtime_context().get_node_id()
        return NodeFacts(node, ray.util.get_node_ip_address(), environment_facts())

    def run_task(self, task: BatchTask) -> Reply:
        """Drive a task."""
        return run_task(self._drive, task)


def environment_facts() -> dict[str, str]:
    """Versions of packages and hashes of files; only nodes that agree in all of them produce equal rows."""
    return versions() | {
        "sources": source_hash(SOURCES),
        "configurations": _contents(CONFIGS, "*.yaml"),
        "networks": _contents(MODELS, "*.onnx"),
    }


def _contents(folder: Path, pattern: str) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob(pattern)):
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


class RayWorker:
    """The local handle of one actor."""

    def __init__(self, actor: ActorHandle[Driver]) -> None:
        self._actor = actor
        self.reply: ray.ObjectRef[object] | None = actor.node_facts.remote()  # the awaited reply
        self.task: BatchTask | None = None
        self.node: str | None = None
        self._location = ""
        self._busy_since = time.monotonic()

    @property
    def busy_time(self) -> float:
        """Time since it received its task, or since its start was requested [s]."""
        return time.monotonic() - self._busy_since

    def send(self, task: BatchTask) -> None:
        """Send a task. If the actor is lost, only the next `receive` reports it."""
        self.task, self._busy_since = task, time.monotonic()
        self.reply = self._actor.run_task.remote(task)

    def receive(self) -> Ready | Reply | None:
        """The next message of the actor; None if there is none yet.

        Raises:
            WorkerLostError: if the actor is lost.
            ConfigError: if its node has other sources or packages than this machine.
        """
        if self.reply is None or not ray.wait([self.reply], timeout=0)[0]:
            return None
        try:
            message = ray.get(self.reply)
        except RayError as error:
            raise WorkerLostError(_reason(error) + self._location) from None
        self.reply = None
        if isinstance(message, NodeFacts):
            _check(message)
            self.node, self._location = message.id, f" (node {message.host})"
            return Ready()
        return cast(Reply, message)

    def stop(self) -> None:
        """Stop the actor at once."""
        with suppress(RayError):
            ray.kill(self._actor, no_restart=True)


class RayPool:
    """Actors of one core each, spread over a cluster's nodes."""

    max_attempts = 3  # a node may be lost, which is not the episode's fault
    can_queue = True

    def __init__(self, drive: Drive, workers: int, address: str | None) -> None:
        self._drive = drive
        with ExitStack() as cleanup:
            cleanup.enter_context(redirect_stdout(sys.stderr))  # Ray prints there which nodes are lost
            if not ray.is_initialized():
                cleanup.callback(ray.shutdown)
                _connect(address or os.environ.get("RAY_ADDRESS") or "local", workers)
            self._cleanup = cleanup.pop_all()
        self._actor_class = ray.remote(Driver).options(
            num_cpus=1,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
            runtime_env={"env_vars": {**ONE_THREAD, "PYTHONPATH": _python_path()}},
        )

    def start(self) -> RayWorker:
        """Request an actor, which starts when a core is free."""
        return RayWorker(self._actor_class.remote(self._drive, str(Path.cwd())))

    def wait(self, workers: Sequence[RayWorker], timeout: float) -> None:
        """Return when one of the workers may have sent a message, at the latest after ``timeout`` [s]."""
        replies = [worker.reply for worker in workers if worker.reply is not None]
        if replies:
            ray.wait(replies, timeout=timeout)

    def close(self) -> None:
        """Disconnect from the cluster; a cluster that was started for this batch is stopped."""
        self._cleanup.close()


def _connect(address: str, workers: int) -> None:
    options = {
        "num_cpus": workers,
        "object_store_memory": OBJECT_STORE,
        "include_dashboard": False,
        "_node_ip_address": LOOPBACK,
    }
    if address not in ("local", "auto"):
        _check_reachable(address)
    if address == "local":
        _create_token()
        os.environ.setdefault(LOOPBACK_ONLY, "0")
    try:
        with preserve_termination_handlers():
            ray.init(
                address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **(options if address == "local" else {}),
            )
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        raise ConfigError(f"--address {address}: {_first_line(error)}") from None


def _create_token() -> None:
    """Protect a new cluster by a token; Ray would write one into the home directory."""
    if not any(name in os.environ for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def _check_reachable(address: str) -> None:
    """Raises `ConfigError` if no cluster answers at the address; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and len(port) <= 5):
        raise ConfigError(f"--address {address}: expected HOST:PORT of a Ray cluster's head, or auto")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_LIMIT).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(f"--address {address}: no Ray cluster answers there: {error}") from None


def _python_path() -> str:
    """PYTHONPATH of actors: the folders that this process imports from, except those of its installation."""
    entries = [IMPORT_FOLDER, *(Path(entry).resolve() for entry in sys.path)]
    installed = (sys.prefix, sys.base_prefix)
    folders = [
        str(entry)
        for entry in entries
        if entry == IMPORT_FOLDER or not any(map(entry.is_relative_to, installed))
    ]
    return os.pathsep.join([*dict.fromkeys(folders), "${PYTHONPATH}"])


def _check(node: NodeFacts) -> None:
    here, there = environment_facts(), node.environment
    differing = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    if differing:
        raise ConfigError(
            f"node {node.host} differs from this machine in {', '.join(differing)}; its rows would not be "
            "the same: install the same checkout and the same packages there"
        )


def _reason(error: RayError) -> str:
    """Return why an actor was lost: one line of Ray's long message."""
    if isinstance(error, ActorUnavailableError):
        return "its node does not answer"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    if "Traceback" in str(error):
        return lines[-1]
    if isinstance(error, ActorDiedError):  # the first line of the message is the same for all
        lines = [line for line in lines[1:] if line.startswith("The actor")] or lines
    reason = re.sub(r"Worker exit type: \S+ Worker exit detail: ", "", lines[0])
    return reason.partition(" Some common causes")[0]


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
