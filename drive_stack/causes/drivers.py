"""Agents around the agent of a drive: they record it, hand over to the expert, or brake earlier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from drive_stack.interfaces import Agent, close_agent, report_applied
from drive_stack.types import Control, Observation, StepTrace


class ControlRecorder:
    """Drives as its agent does and keeps the commands."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.name, self.privileged = agent.name, agent.privileged
        self.accelerations: list[float] = []  # commanded at each step [m/s²]

    @property
    def trace(self) -> StepTrace | None:
        """Trace of the agent."""
        return self._agent.trace

    def reset(self, seed: int) -> None:
        """Start an episode."""
        self.accelerations = []
        self._agent.reset(seed)

    def act(self, observation: Observation) -> Control:
        """Let the agent drive one step."""
        control = self._agent.act(observation)
        self.accelerations.append(control.acceleration)
        return control


class Takeover:
    """The agent drives until an instant, the expert afterwards. The expert is reset at that instant."""

    name = "takeover"
    privileged = True

    def __init__(self, agent: Agent, expert: Agent, start: float, dt: float) -> None:
        """``start`` is the time of the first step of the expert [s], ``dt`` that between two steps [s]."""
        self._agent, self._expert = agent, expert
        self._first_step, self._step, self._seed = round(start / dt), 0, 0

    @property
    def trace(self) -> StepTrace | None:
        """Trace of the one that drove the last step."""
        return (self._expert if self._step > self._first_step else self._agent).trace

    def reset(self, seed: int) -> None:
        """Start an episode."""
        self._step, self._seed = 0, seed
        self._agent.reset(seed)

    def act(self, observation: Observation) -> Control:
        """Drive one step."""
        if self._step == self._first_step:
            self._expert.reset(self._seed)
        driver = self._agent if self._step < self._first_step else self._expert
        self._step += 1
        return driver.act(observation)

    def close(self) -> None:
        """Release the resources of both."""
        close_agent(self._agent)
        close_agent(self._expert)


class EarlierBraking:
    """Brakes at least as hard as its agent, and as hard as in a recorded drive some time later."""

    name = "earlier braking"
    privileged = True  # it knows what will come

    def __init__(
        self, agent: Agent, recorded: Sequence[float], *, lead: float, start: float, dt: float
    ) -> None:
        """Brake ``lead`` earlier [s], from ``start`` on [s].

        ``recorded`` are the accelerations that were commanded at each step [m/s²].
        """
        self._agent, self._recorded = agent, tuple(recorded)
        self._lead, self._first_step, self._step = round(lead / dt), round(start / dt), 0

    @property
    def trace(self) -> StepTrace | None:
        """Trace of the agent."""
        return self._agent.trace

    def reset(self, seed: int) -> None:
        """Start an episode."""
        self._step = 0
        self._agent.reset(seed)

    def act(self, observation: Observation) -> Control:
        """Drive one step."""
        control = self._agent.act(observation)
        later = self._step + self._lead
        if self._step >= self._first_step and later < len(self._recorded) and self._recorded[later] < 0.0:
            control = replace(control, acceleration=min(control.acceleration, self._recorded[later]))
            report_applied(self._agent, control)
        self._step += 1
        return control

    def close(self) -> None:
        """Release the resources of the agent."""
        close_agent(self._agent)
