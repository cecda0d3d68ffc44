"""The agent's process: builds an agent, runs its steps and replies over a socket."""

from __future__ import annotations

import io
import json
import os
import socket
import sys
import traceback
from pathlib import Path

from drive_stack.agent_errors import AgentError, bounded_text, describe, one_line
from drive_stack.errors import ConfigError
from drive_stack.evaluation.answers import AnswerError, checked_control, checked_name
from drive_stack.evaluation.batch.memory import raise_memory_limit
from drive_stack.interfaces import Agent

from ..agent import ForeignAgent, is_foreign
from ..outside_class import load_class, make_agent
from ..outside_facts import describe_class
from .confinement import confine
from .messages import MAX_REQUEST, Buffer, Kind, Message, receive, send
from .records import CONTROL, BuildRequest, observation_of
from .trace_codec import encode_trace


def serve(descriptor: int, folder: Path) -> None:
    """Answer requests until the simulator closes the connection."""
    if confine(folder):
        os.environ["NUMBA_CACHE_DIR"] = str(folder)  # the default folders are not writable
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # printed lines appear at once, as in a terminal
    connection = socket.socket(fileno=descriptor)
    handler = _RequestHandler()
    while True:
        try:
            request = receive(connection, max_length=MAX_REQUEST)
        except (EOFError, OSError):
            return
        try:
            kind, parts = handler.answer(request)
        except BaseException as error:  # including SystemExit, which a user's code may raise
            if isinstance(error, MemoryError):
                raise_memory_limit()  # reporting the error needs some memory
            kind, parts = Kind.FAILED, (_failure(error),)
        try:
            send(connection, kind, request.number, *parts)
        except OSError:
            return


class _RequestHandler:
    """Answers requests; holds the agent of this process once it is built."""

    def __init__(self) -> None:
        self._agent: Agent | None = None

    def answer(self, request: Message) -> tuple[Kind, tuple[Buffer, ...]]:
        """Answer a request; returns the kind and the body of the reply. Raises any error of the agent."""
        if request.kind is Kind.DESCRIBE:
            return Kind.DONE, (json.dumps(describe_class(bytes(request.body).decode())).encode(),)
        if request.kind is Kind.BUILD:
            return self._build(BuildRequest.decode(request.body))
        assert self._agent is not None
        if request.kind is Kind.RESET:
            self._agent.reset(int(json.loads(bytes(request.body))))
            return Kind.DONE, ()
        control = checked_control(self._agent.act(observation_of(request.body)))
        trace = self._agent.trace
        trace_bytes = b"" if trace is None else encode_trace(trace)
        return Kind.DONE, (CONTROL.pack(control.steering, control.acceleration), trace_bytes)

    def _build(self, request: BuildRequest) -> tuple[Kind, tuple[Buffer, ...]]:
        spec, platform = request.spec, request.platform
        if is_foreign(spec):
            self._agent = ForeignAgent(Path(spec), platform, request.overrides, trusted=request.trusted)
        else:
            agent_class = load_class(spec)
            if getattr(agent_class, "privileged", False) is True:
                return Kind.PRIVILEGED, ()
            self._agent = make_agent(spec, agent_class, platform)
        return Kind.DONE, (json.dumps({"name": checked_name(self._agent.name)}).encode(),)


def _failure(error: BaseException) -> bytes:
    """An error as one line and a traceback, as JSON; never raises."""
    if isinstance(error, AgentError):
        line, details = str(error), error.details
    elif isinstance(error, ConfigError | AnswerError):
        line, details = one_line(str(error)), None
    elif isinstance(error, SystemExit):
        line, details = f"the agent exited its process: {describe(error)}", None
    else:
        line = describe(error)
        try:
            details = bounded_text("".join(traceback.format_exception(error)))
        except Exception:  # out of memory, or the exception's own methods fail
            details = line
    return json.dumps({"line": line, "details": details}).encode()
