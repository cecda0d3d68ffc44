"""An agent whose code runs in a separate process."""

from __future__ import annotations

import json
from collections.abc import Sequence

from drive_stack.agent_errors import AgentError
from drive_stack.evaluation.answers import AnswerError, checked_control, checked_name
from drive_stack.interfaces import Platform
from drive_stack.types import Control, Observation, StepTrace

from ..options import ForeignOptions
from .messages import Kind, MessageError, read_json
from .process import AgentProcess
from .records import CONTROL, BuildRequest, control_of, observation_parts
from .trace_codec import decode_trace


class PrivilegedClassError(Exception):
    """The class needs the truth, which is not available in another process."""


class IsolatedAgent:
    """Implements `Agent` for a policy file or a user's class; it never gets the truth.

    Every answer is checked for its size, type, shape and finiteness. When the process has ended, the next
    `reset` starts a new one.

    Raises:
        AgentError: The agent fails, does not answer in time, or gives an invalid answer.
        PrivilegedClassError: The class is privileged (constructor only).
    """

    privileged = False

    def __init__(
        self, spec: str, platform: Platform, overrides: Sequence[str] = (), *, trusted: bool = False
    ) -> None:
        self._limits = ForeignOptions.of(spec, overrides).limits
        self._build_request = BuildRequest(spec, platform, tuple(overrides), trusted).encode()
        self.trace: StepTrace | None = None
        self._process, self.name = self._start()

    def reset(self, seed: int) -> None:
        """Start an episode."""
        self.trace = None
        if not self._process.alive:
            self._process, self.name = self._start()
        self._process.request(Kind.RESET, json.dumps(int(seed)).encode(), limit=self._limits.step)

    def act(self, observation: Observation) -> Control:
        """Request the control of one step; the reply may also contain a trace."""
        self.trace = None
        reply = self._process.request(Kind.ACT, *observation_parts(observation), limit=self._limits.step)
        try:
            control = checked_control(control_of(reply.body))
            trace = memoryview(reply.body)[CONTROL.size :]
            self.trace = decode_trace(trace, control) if trace.nbytes else None
        except (MessageError, AnswerError) as error:
            raise self._process.refused(f"an invalid answer: {error}") from None
        return control

    def close(self) -> None:
        """End the agent's process."""
        self._process.end()

    def _start(self) -> tuple[AgentProcess, str]:
        """Start a process and build the agent in it; returns the process and the agent's name."""
        process = AgentProcess()
        try:
            reply = process.request(Kind.BUILD, self._build_request, limit=self._limits.start)
            if reply.kind is Kind.PRIVILEGED:
                raise PrivilegedClassError
            try:
                body = read_json(reply.body)
                return process, checked_name(body.get("name") if isinstance(body, dict) else None)
            except (MessageError, AnswerError) as error:
                raise AgentError(str(error)) from None
        except BaseException:
            process.end()
            raise
