"""Protocols of an agent: what every agent does, and what some do in addition."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from drive_stack.types import Control, Observation, StepTrace


class Agent(Protocol):
    """A driver of the ego."""

    @property
    def name(self) -> str:
        """Name in tables, reports and the viewer."""
        ...

    @property
    def privileged(self) -> bool:
        """Whether any part of the agent reads the ground truth."""
        ...

    @property
    def trace(self) -> StepTrace | None:
        """Intermediate results of the last step; None where the agent provides none."""
        ...

    def reset(self, seed: int) -> None:
        """Start an episode: discard the state of the previous one.

        Args:
            seed: the only source of randomness that the agent may use in the episode.
        """
        ...

    def act(self, observation: Observation) -> Control:
        """Drive one step.

        Returns:
            Steering [rad] and acceleration [m/s²]. The environment limits them to what the car can do; where
            one is not finite, the car brakes firmly.

        Raises:
            AgentError: the agent failed. An evaluation records this, or any other exception, as the agent's
                error and goes on with the next episode.
        """
        ...


@runtime_checkable
class ClosableAgent(Protocol):
    """An agent that owns a resource, such as a process."""

    def close(self) -> None:
        """Release the resource. The agent is not used afterwards."""
        ...


def close_agent(agent: Agent) -> None:
    """Release the resources of an agent, if it owns any. The agent is not used afterwards."""
    if isinstance(agent, ClosableAgent):
        agent.close()


@runtime_checkable
class ControlFeedback(Protocol):
    """A driver or controller that models its car from its own commands, and can receive others."""

    def applied(self, control: Control) -> None:
        """Take ``control`` as that of the present step in place of the own one, after which it is called."""
        ...


def report_applied(receiver: object, control: Control) -> None:
    """Tell a driver or a controller which control was applied in place of its own, if it takes note."""
    if isinstance(receiver, ControlFeedback):
        receiver.applied(control)
