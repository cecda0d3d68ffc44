"""Steps of a driver in its world, as work whose speed is compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from drive_stack.driving_env import DrivingEnv
from drive_stack.interfaces import Agent
from drive_stack.types import Observation

STEPS = 10  # of one unit of work


@dataclass(slots=True)
class DrivingSteps:
    """Drives consecutive episodes in steps of world, camera and agent."""

    env: DrivingEnv
    agent: Agent
    seeds: Iterator[int]
    _observation: Observation | None = field(default=None, init=False)  # None between two episodes

    def prepare(self) -> None:
        """Start the next episode if the last one is over."""
        if self._observation is None:
            seed = next(self.seeds)
            self._observation = self.env.reset(seed)
            self.agent.reset(seed)

    def work(self) -> int:
        """Do up to `STEPS` steps, ending with the episode; returns their number."""
        for number in range(1, STEPS + 1):
            assert self._observation is not None
            step = self.env.step(self.agent.act(self._observation))
            self._observation = step.observation if step.outcome is None else None
            if self._observation is None:
                return number
        return STEPS
