"""Which episodes to drive, and how to start one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drive_stack.driving_env import DrivingEnv
from drive_stack.evaluation.rollout import Rollout
from drive_stack.interfaces import Agent, close_agent
from drive_stack.seeds import seed_range


@dataclass(frozen=True, slots=True)
class EpisodeSpec:
    """One scenario with one seed."""

    scenario: str
    seed: int


@dataclass(frozen=True, slots=True)
class Factories:
    """How to make a world and a driver for it; injected, since only the command line knows them."""

    env: Callable[[str], DrivingEnv]  # scenario name or path → world
    agent: Callable[[DrivingEnv], Agent]


class EpisodeStarter:
    """Holds the world and the driver of the present episode, and makes new ones as needed.

    One world is kept while the scenario stays the same, since making a camera takes time.
    """

    def __init__(self, factories: Factories) -> None:
        self._factories = factories
        self._env: DrivingEnv | None = None
        self._agent: Agent | None = None

    def begin(self, spec: EpisodeSpec) -> tuple[DrivingEnv, Rollout]:
        """Start an episode."""
        if self._env is None or self._env.spec.scenario != spec.scenario:
            self.close()
            self._env = self._factories.env(spec.scenario)
            self._agent = self._factories.agent(self._env)
        assert self._agent is not None
        return self._env, Rollout(self._env, self._agent, scenario=spec.scenario, seed=spec.seed)

    def close(self) -> None:
        """Free the world and the driver."""
        if self._agent is not None:
            close_agent(self._agent)
        if self._env is not None:
            self._env.close()
        self._env = self._agent = None


def consecutive(scenario: str, seed: int, count: int) -> Sequence[EpisodeSpec]:
    """``count`` episodes of one scenario, seeds counting up; `ConfigError` beyond the last seed."""
    return [EpisodeSpec(scenario, one) for one in seed_range(seed, count)]


def following(spec: EpisodeSpec, catalogue: Sequence[str]) -> EpisodeSpec:
    """The same seed in the catalogue's next scenario."""
    known = tuple(catalogue)
    place = (known.index(spec.scenario) + 1) % len(known) if spec.scenario in known else 0
    return EpisodeSpec(known[place], spec.seed)
