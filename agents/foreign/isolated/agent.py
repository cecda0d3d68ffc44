"""An agent whose code runs in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agents.foreign.isolated.messages import Kind, MessageError, read_json
from agents.foreign.isolated.process import AgentProcess
from agents.foreign.isolated.records import CONTROL, control_of, observation_parts, platform_fields
from agents.foreign.isolated.trace_codec import decode_trace
from agents.foreign.options import ForeignOptions
from drive_stack.agent_errors import AgentError
from drive_stack.evaluation.answers import AnswerError, checked_control, checked_name
from drive_stack.interfaces import Platform
from drive_stack.types import Control, Observation, StepTrace


class PrivilegedClassError(Exception):
    """The class asks for the truth, which is not to be had in another process."""


class IsolatedAgent:
    """Implements `Agent` for a policy's file or a class of one's own; it never gets the truth.

    Every answer is checked for its size, type, shape and finiteness. Raises `AgentError` where the agent
    fails, does not answer in time, or answers what it must not; the next `reset` starts a new process
    where the old one has ended.

    The constructor also raises `PrivilegedClassError`.
    """

    privileged = False

    def __init__(
        self, spec: str, platform: Platform, overrides: Sequence[str] = (), *, trusted: bool = False
    ) -> None:
        self._limits = ForeignOptions.of(spec, overrides).limits
        wanted = {
            "spec": spec,
            "platform": platform_fields(platform),
            "overrides": list(overrides),
            "trusted": trusted,
        }
        self._wanted = json.dumps(wanted).encode()
        self.trace: StepTrace | None = None
        self._process, self.name = self._start()

    def reset(self, seed: int) -> None:
        """Begin an episode."""
        self.trace = None
        if not self._process.alive:
            self._process, self.name = self._start()
        self._process.request(Kind.RESET, json.dumps(int(seed)).encode(), limit=self._limits.step)

    def act(self, observation: Observation) -> Control:
        """One step."""
        self.trace = None
        reply = self._process.request(Kind.ACT, *observation_parts(observation), limit=self._limits.step)
        try:
            control = checked_control(control_of(reply.body))
            trace = memoryview(reply.body)[CONTROL.size :]
            self.trace = decode_trace(trace, control) if trace.nbytes else None
        except (MessageError, AnswerError) as error:
            raise self._process.refused(f"an answer that does not fit: {error}") from None
        return control

    def close(self) -> None:
        """End the agent's process."""
        self._process.end()

    def _start(self) -> tuple[AgentProcess, str]:
        """A process with the agent built in it, and the agent's name."""
        process = AgentProcess()
        try:
            reply = process.request(Kind.BUILD, self._wanted, limit=self._limits.start)
            if reply.kind is Kind.PRIVILEGED:
                raise PrivilegedClassError
            try:
                found = read_json(reply.body)
                return process, checked_name(found.get("name") if isinstance(found, dict) else None)
            except (MessageError, AnswerError) as error:
                raise AgentError(str(error)) from None
        except BaseException:
            process.end()
            raise
