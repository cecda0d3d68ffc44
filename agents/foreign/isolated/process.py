"""The simulator's end of an agent's process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import weakref

from pydantic import ValidationError

from drive_stack.agent_errors import AgentError
from drive_stack.config import StrictModel
from drive_stack.errors import ConfigError

from .keeper import KILLED, OUT_OF_MEMORY
from .messages import (
    MAX_REPLY,
    Buffer,
    Kind,
    Message,
    MessageError,
    read_json,
    receive,
    send_within,
)
from .output import Relay

_STARTUP_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    f"from {__package__}.keeper import main; main(int(sys.argv[2]))"
)
_END_TIMEOUT = 10.0  # for the keeper to end all processes [s]


class _Failure(StrictModel):
    """Description of an exception in the agent's process."""

    line: str
    details: str | None


class AgentProcess:
    """A running agent's process; it ends with `end`, or when this object is no longer referenced.

    Raises:
        ConfigError: The system cannot fork processes, as Windows (constructor only).
    """

    def __init__(self) -> None:
        if not hasattr(os, "fork"):
            raise ConfigError(
                "the separate process of an agent of your own needs Linux or macOS; add --in-process"
            )
        own_end, child_end = socket.socketpair()
        with child_end:  # closed here, so that the connection ends with the process
            own_end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)  # large enough for one image
            path = json.dumps([entry for entry in sys.path if isinstance(entry, str)])
            process = subprocess.Popen(
                [sys.executable, "-c", _STARTUP_CODE, path, str(child_end.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(child_end.fileno(),),
                start_new_session=True,
            )
        assert process.stdin is not None and process.stdout is not None
        self._relay = Relay(os.dup(process.stdout.fileno()))
        process.stdout.close()
        self._connection, self._process, self._number = own_end, process, 0
        self._finalizer = weakref.finalize(self, _end, process, own_end, self._relay)

    @property
    def alive(self) -> bool:
        """Whether the process still answers."""
        return self._finalizer.alive

    def request(self, kind: Kind, *parts: Buffer, limit: float | None) -> Message:
        """Send a request; returns the reply, which must arrive within ``limit`` [s].

        Raises `AgentError` for a failure in the agent, and when there is no valid reply; the latter also ends
        the process.
        """
        if not self.alive:
            raise AgentError("the agent's process has ended")
        self._number = (self._number + 1) % (1 << 32)
        deadline = None if limit is None else time.monotonic() + limit
        try:
            send_within(self._connection, kind, self._number, *parts, deadline=deadline)
            reply = receive(self._connection, max_length=MAX_REPLY, deadline=deadline)
            if reply.number != self._number or reply.kind not in (Kind.DONE, Kind.PRIVILEGED, Kind.FAILED):
                raise MessageError("an answer that was not asked for")
            if reply.kind is not Kind.FAILED:
                return reply
            failure = _Failure.model_validate(read_json(reply.body))
        except TimeoutError:
            self.end()
            raise AgentError(f"the agent gave no answer within {limit:g} s") from None
        except (EOFError, OSError):
            raise AgentError(f"the agent's process {self._exit_description()}") from None
        except MessageError as error:
            raise self.refused(str(error)) from None
        except ValidationError:
            raise self.refused("a failure without a description") from None
        raise AgentError(failure.line, failure.details)

    def refused(self, what: str) -> AgentError:
        """End the process; returns the error for an invalid answer."""
        self.end()
        return AgentError(f"the agent's process sent {what}")

    def end(self) -> None:
        """End the process and all its descendants; does nothing if they have ended."""
        self._finalizer()

    def _exit_description(self) -> str:
        """Describe how the process ended; call it when the connection is closed, so that the end is near."""
        try:
            code: int | None = self._process.wait(timeout=_END_TIMEOUT / 2.0)
        except subprocess.TimeoutExpired:
            code = None
        self.end()
        if code is None:
            return "closed its connection"
        if code == OUT_OF_MEMORY:
            return "was ended: it exceeded its memory limit"
        if code < 0 or KILLED < code < OUT_OF_MEMORY:
            return f"was killed by {signal.Signals(-code if code < 0 else code - KILLED).name}"
        return f"ended with exit code {code}"


def _end(process: subprocess.Popen[bytes], connection: socket.socket, relay: Relay) -> None:
    connection.close()
    assert process.stdin is not None
    process.stdin.close()  # the keeper ends all processes when its input is closed
    try:
        process.wait(timeout=_END_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    relay.finish(timeout=1.0)
